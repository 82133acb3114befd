"""One JSON object, version 1, as ``schemas/output.schema.json`` describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moonshot_status import strictjson
from moonshot_status.formats import Reply
from moonshot_status.view import View


def render(view: View) -> Reply:
    balance = view.balance
    document: dict[str, Any] = {
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
        "fetched_at": _moment(view.fetched_at),
        "problem": view.problem
        and {
            "kind": view.problem.kind.value,
            "message": view.problem.message,
            "hint": view.problem.hint,
            "retry_at": _moment(view.retry_at),
        },
        "forecast": None,
    }
    return Reply(strictjson.dumps(document) + "\n", 0 if balance else 1)


def _moment(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
