#!/bin/sh
# A notification of macOS when the level of the balance changes; moonshot-status runs this.
# The text is an argument of the script and never a part of it.
exec osascript - "$MOONSHOT_STATUS_MESSAGE" <<'END'
on run argv
    display notification (item 1 of argv) with title "Moonshot / Kimi balance"
end run
END
