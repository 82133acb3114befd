#!/bin/sh
# A desktop notification when the level of the balance changes; moonshot-status runs this.
case "$MOONSHOT_STATUS_LEVEL" in
ok) urgency=low ;;
warning) urgency=normal ;;
*) urgency=critical ;;
esac
# The text is markup to notification servers, and notify-send itself reads backslashes.
text=$(printf '%s' "$MOONSHOT_STATUS_MESSAGE" |
    sed -e 's/\\/\\\\/g' -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g')
exec notify-send --app-name=moonshot-status --urgency="$urgency" -- 'Moonshot / Kimi balance' "$text"
