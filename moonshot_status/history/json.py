"""JSON, version 1, as in ``schemas/history.schema.json``."""

from __future__ import annotations

from typing import Any

from moonshot_status.core import strict_json
from moonshot_status.history import DailyHistory, amounts


def render(history: DailyHistory) -> str:
    """Return one object on one line."""
    document: dict[str, Any] = {
        "version": 1,
        "account": history.account,
        "region": history.region.value,
        "currency": history.region.currency,
        "days": [{"date": day.date.isoformat(), **amounts(day)} for day in history.days],
    }
    return strict_json.dumps(document) + "\n"
