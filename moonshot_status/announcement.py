"""From a change of level to the command that the user wants to be run then."""

from __future__ import annotations

import os

from moonshot_status import debug, notice
from moonshot_status.account import Level
from moonshot_status.settings import Settings
from moonshot_status.status import Status
from moonshot_status.store import Store
from moonshot_status.view import View


def announce(
    settings: Settings, status: Status, view: View, store: Store, days_left: float | None
) -> None:
    """Start the command if the level has changed, unless the reading is old.

    It never raises and nobody waits for the command: what is shown does not depend on it.
    """
    try:
        _announce(settings, status, view, store, days_left)
    except Exception:  # noqa: BLE001 - whatever it is, it must not cost the balance that is known
        debug.show_traceback()


def _announce(
    settings: Settings, status: Status, view: View, store: Store, days_left: float | None
) -> None:
    account, reading = settings.account, status.reading
    region, thresholds = account.region, account.thresholds
    if reading is None or region is None or thresholds is None or status.expired:
        return

    def judge(previous: Level) -> Level:
        return notice.settled(previous, reading.balance, thresholds, days_left)

    name = notice.settings_name(thresholds, settings.notify_command)
    change = store.settle(account, name, reading, judge)
    if change is None:
        return
    # Imported here because most polls find no change.
    from moonshot_status import facts, notifier

    told = facts.Facts(
        account.name, region, reading.balance, thresholds, change, days_left, view.hide_amount
    )
    used = store.recall(account).key
    inherited = facts.environment(os.environb, account.secret.key, used)
    variables = {name.encode(): value.encode() for name, value in told.variables().items()}
    notifier.start(settings.notify_command, inherited | variables, facts.document(view, change))
    debug.say(f"notify_command was started: {told.message}")
