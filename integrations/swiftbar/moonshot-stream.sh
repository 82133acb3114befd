#!/bin/sh
# <bitbar.title>Moonshot / Kimi balance</bitbar.title>
# <bitbar.version>v0.1.0</bitbar.version>
# <bitbar.desc>The balance of a Moonshot / Kimi Open Platform account.</bitbar.desc>
# <bitbar.dependencies>python3,moonshot-status</bitbar.dependencies>
# <swiftbar.type>streamable</swiftbar.type>
# <swiftbar.hideRunInTerminal>true</swiftbar.hideRunInTerminal>
# <swiftbar.hideDisablePlugin>true</swiftbar.hideDisablePlugin>
export PATH="$HOME/.local/bin:/opt/homebrew/bin:/usr/local/bin:$PATH"
if ! command -v moonshot-status >/dev/null; then
    printf '~~~\nmoonshot-status?\n---\nmoonshot-status is not installed | refresh=true terminal=false\n'
    exit 0
fi
exec moonshot-status watch --format swiftbar
