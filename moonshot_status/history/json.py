"""One JSON object, version 1, as ``schemas/history.schema.json`` describes it."""

from __future__ import annotations

from typing import Any

from moonshot_status import strictjson
from moonshot_status.history import History, amounts


def render(history: History) -> str:
    document: dict[str, Any] = {
        "version": 1,
        "account": history.account,
        "region": history.region.value,
        "currency": history.region.currency,
        "days": [{"date": day.date.isoformat(), **amounts(day)} for day in history.days],
    }
    return strictjson.dumps(document) + "\n"
