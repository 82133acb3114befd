"""Decide whether a poll has to notify the user, and start the notification command."""

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
    """Start the notification command if the level has changed, unless the reading is stale.

    ``days_left`` is how many days the balance will last, None if unknown. This never raises and
    does not wait for the command, so the output does not depend on it.
    """
    try:
        _notify(settings, status, view, store, days_left)
    except Exception:  # noqa: BLE001 - no failure of a notification may cost the output
        log.log_traceback()


def _notify(
    settings: Settings, status: Status, view: View, store: Store, days_left: float | None
) -> None:
    account, reading = settings.account, status.reading
    region, thresholds = account.region, account.thresholds
    if reading is None or region is None or thresholds is None or status.expired:
        return

    def next_level(previous: Level) -> Level:
        return hysteresis.level_with_hysteresis(previous, reading.balance, thresholds, days_left)

    digest = hysteresis.settings_digest(thresholds, settings["notify_command"])
    change = store.record_level(account, digest, reading, next_level)
    if change is None:
        return
    # Imported here because most polls find no change.
    from moonshot_status.notify import payload, runner

    notification = payload.NotificationPayload(
        account.name, region, reading.balance, thresholds, change, days_left, view.hide_amount
    )
    last_key = store.load(account).key
    inherited = payload.environment(os.environb, account.secret.key, last_key)
    variables = {name.encode(): value.encode() for name, value in notification.variables().items()}
    runner.start(settings["notify_command"], inherited | variables, payload.document(view, change))
    log.log(f"notify_command was started: {notification.message}")
