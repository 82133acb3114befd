#!/bin/sh
# <xbar.title>Moonshot / Kimi balance</xbar.title>
# <xbar.version>v0.1.0</xbar.version>
# <xbar.desc>The balance of a Moonshot / Kimi Open Platform account.</xbar.desc>
# <xbar.dependencies>python3,moonshot-status</xbar.dependencies>
export PATH="$HOME/.local/bin:/opt/homebrew/bin:/usr/local/bin:$PATH"
if ! command -v moonshot-status >/dev/null; then
    printf 'moonshot-status?\n---\nmoonshot-status is not installed | refresh=true terminal=false\n'
    exit 0
fi
exec moonshot-status --format xbar
