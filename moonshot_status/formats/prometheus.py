"""Metrics in Prometheus' text format, for the textfile collector of its node exporter.

Escapes and the grouping of samples below HELP and TYPE follow Prometheus' "Exposition formats".
Unknown values have no sample, because 0 would be an amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from moonshot_status.core.thresholds import Level
from moonshot_status.display.view import View
from moonshot_status.formats import Reply, _names

WAITS_FOR_REQUEST = True

_HELP = {
    "balance_available": "What can be spent, in the account's currency.",
    "balance_voucher": "What vouchers are worth, in the account's currency.",
    "balance_cash": "What was paid in, in the account's currency; below zero it is a deficit.",
    "spent_per_day": "The usual spend of a day, in the account's currency.",
    "runway_timestamp_seconds": "When the money is expected to end.",
    "runway_earliest_timestamp_seconds": "When the money may end at the earliest.",
    "runway_latest_timestamp_seconds": "When the money may end at the latest.",
    "fetched_timestamp_seconds": "When the balance was read.",
    "level": "1 for the level that the account has.",
    "stale": "1 when the balance is too old and no newer one can be had.",
    "problem": "1 for the kind of problem that there is.",
}


class _Sample(NamedTuple):
    metric: str
    value: Decimal | datetime | bool | None
    label: tuple[str, str] | None = None


# The collector reads whole files.
update = None


def render(view: View) -> Reply:
    """Return the samples of all accounts, grouped by metric."""
    lines: dict[str, list[str]] = {metric: [] for metric in _HELP}
    for name, section in zip(_names.labels(view), view.sections, strict=True):
        account = _account_labels(name, section)
        for metric, value, label in _samples(section):
            if value is not None:
                labels = {**account, **dict([label] if label else [])}
                lines[metric].append(f"{_format_labels(labels)} {_format_value(value)}")
    return Reply("".join(_block(metric, samples) for metric, samples in lines.items() if samples))


def _samples(view: View) -> Iterator[_Sample]:
    if view.balance and not view.hide_amount:
        yield _Sample("balance_available", view.balance.available)
        yield _Sample("balance_voucher", view.balance.voucher)
        yield _Sample("balance_cash", view.balance.cash)
    if view.forecast:
        runway = view.forecast.runway
        yield _Sample("spent_per_day", None if view.hide_amount else runway.per_day)
        yield _Sample("runway_timestamp_seconds", runway.zero_at)
        yield _Sample("runway_earliest_timestamp_seconds", runway.earliest)
        yield _Sample("runway_latest_timestamp_seconds", runway.latest)
    yield _Sample("fetched_timestamp_seconds", view.fetched_at)
    for level in Level:
        yield _Sample("level", level is view.level, ("level", level.value))
    yield _Sample("stale", view.stale)
    if view.problem:
        yield _Sample("problem", True, ("kind", view.problem.kind.value))


def _account_labels(name: str, view: View) -> dict[str, str]:
    region = view.region
    return {
        "account": name,
        "region": region.value if region else "",
        "currency": region.currency if region else "",
    }


def _block(metric: str, lines: list[str]) -> str:
    name = f"moonshot_{metric}"
    header = f"# HELP {name} {_HELP[metric]}\n# TYPE {name} gauge\n"
    return header + "".join(f"{name}{line}\n" for line in lines)


def _format_labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _format_value(value: Decimal | datetime | bool) -> str:
    """Return a number without an exponent; times are in whole seconds."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return f"{value.timestamp():.0f}" if isinstance(value, datetime) else f"{value:d}"
