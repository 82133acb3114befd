"""JSON, version 1, as in ``schemas/output.schema.json``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moonshot_status.core import strict_json
from moonshot_status.display.view import View
from moonshot_status.formats import Reply
from moonshot_status.spending.forecast import Forecast

WAITS_FOR_REQUEST = True


def render(view: View) -> Reply:
    """Return one line with an object for each account; the exit status is 1 without a balance."""
    lines = (strict_json.dumps(_document(section)) + "\n" for section in view.sections)
    status = 0 if view.has_balance else 1
    return Reply("".join(lines), status, unknown_account=view.unknown_account)


def _document(view: View) -> dict[str, Any]:
    balance = view.balance
    return {
        "version": 1,
        "account": view.account,
        "region": view.region.value if view.region else None,
        "currency": view.region.currency if view.region else None,
        "balance": balance
        and {
            "available": balance.available,
            "voucher": balance.voucher,
            "cash": balance.cash,
        },
        "deficit": balance and balance.deficit,
        "level": view.level.value,
        "stale": view.stale,
        "fetched_at": _utc(view.fetched_at),
        "problem": view.problem
        and {
            "kind": view.problem.kind.value,
            "message": view.problem.message,
            "hint": view.problem.hint,
            "retry_at": _utc(view.retry_at),
        },
        "forecast": view.forecast and _forecast(view.forecast),
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    spent, runway = forecast.spent, forecast.runway
    return {
        "spent": {"today": spent.today, "days_7": spent.days_7, "days_30": spent.days_30},
        "per_day": runway.per_day,
        "zero_at": _utc(runway.zero_at),
        "earliest": _utc(runway.earliest),
        "latest": _utc(runway.latest),
        "reason": runway.reason or None,
    }


def _utc(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
