"""From a change of level to the command that the user wants to be run then."""

from __future__ import annotations

import os

from moonshot_status.config.settings import Settings
from moonshot_status.core import hysteresis, log
from moonshot_status.core.status import Status
from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.store.database import Store


def notify(
    settings: Settings, status: Status, view: View, store: Store, days_left: float | None
) -> None:
    """Start the command if the level has changed, unless the reading is old.

    It never raises and nobody waits for the command: what is shown does not depend on it.
    """
    try:
        _notify(settings, status, view, store, days_left)
    except Exception:  # noqa: BLE001 - whatever it is, it must not cost the balance that is known
        log.log_traceback()


def _notify(
    settings: Settings, status: Status, view: View, store: Store, days_left: float | None
) -> None:
    account, reading = settings.account, status.reading
    region, thresholds = account.region, account.thresholds
    if reading is None or region is None or thresholds is None or status.expired:
        return

    def judge(previous: Level) -> Level:
        return hysteresis.level_with_hysteresis(previous, reading.balance, thresholds, days_left)

    name = hysteresis.settings_digest(thresholds, settings.notify_command)
    change = store.record_level(account, name, reading, judge)
    if change is None:
        return
    # Imported here because most polls find no change.
    from moonshot_status.notify import payload, runner

    told = payload.NotificationPayload(
        account.name, region, reading.balance, thresholds, change, days_left, view.hide_amount
    )
    used = store.load(account).key
    inherited = payload.environment(os.environb, account.secret.key, used)
    variables = {name.encode(): value.encode() for name, value in told.variables().items()}
    runner.start(settings.notify_command, inherited | variables, payload.document(view, change))
    log.log(f"notify_command was started: {told.message}")
