#!/bin/sh
# The balance of a Moonshot / Kimi Open Platform account.
# A click opens the console of the account's region, a right click asks the API now.
PATH="$HOME/.local/bin:/opt/homebrew/bin:/usr/local/bin:$PATH"
if ! command -v moonshot-status >/dev/null; then
    sketchybar --set "$NAME" label='moonshot-status is not installed'
    exit 0
fi
if [ "$SENDER" = mouse.clicked ]; then
    case "$BUTTON" in
    right) moonshot-status --refresh >/dev/null 2>&1 ;;
    *) moonshot-status open >/dev/null 2>&1 ;;
    esac
fi
sketchybar --set "$NAME" label="$(moonshot-status --format sketchybar)"
