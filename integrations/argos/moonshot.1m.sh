#!/bin/sh
# The balance of a Moonshot / Kimi Open Platform account.
PATH="$HOME/.local/bin:/usr/local/bin:$PATH"
if ! command -v moonshot-status >/dev/null; then
    printf 'moonshot-status?\n---\nmoonshot-status is not installed | refresh=true\n'
    exit 0
fi
exec moonshot-status --format argos
