"""The canonical Views: every situation that a format has to show.

Kinds of problems differ only in their label, value and next step, so only some have a View here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from kit.support import made_up_problem
from moonshot_status.core.account import Account, Balance, Reading
from moonshot_status.core.errors import Kind, Problem
from moonshot_status.core.regions import Region
from moonshot_status.core.status import Status
from moonshot_status.core.thresholds import Thresholds
from moonshot_status.display.combine import combine
from moonshot_status.display.view import View, build_view
from moonshot_status.spending.forecast import Forecast, Spending
from moonshot_status.spending.runway import Runway

NOW = datetime(2026, 11, 22, 14, 32, 5, tzinfo=timezone.utc)
REFRESH = ("/opt/bin/moonshot-status", "--account", "work", "--refresh")

TOGGLE = ("/opt/bin/moonshot-status", "hide")

HOSTILE_NAMES = {
    "markup": "<b>bold</b> & <span foreground='red'>red</span>",
    "pipes": "a | shell=reboot terminal=false | b",
    "dashes": "--- -- -",
    "quotes": "\"double\" 'single' `back`",
    "backslashes": "\\n \\x1b \\",
    "polybar": "%{F#f00}red%{F-}",
    "tmux": "#[fg=red]#(reboot)",
    "emoji": ":warning: 🌙 👩‍🚀",
    "right-to-left": "\u202eevil\u202c עברית",
    "newlines": "one\ntwo\r\nthree\u2028four",
    "controls": "\x00\x07\x1b[31mred\x1b[0m\x9b31m\ttab",
    "long": "x" * 10_000,
    "surrogate": "lone \ud800 surrogate",
    "json": '"}, {"full_text": "x',
}


def _reading(available: str, voucher: str | None, cash: str | None, age: int = 60) -> Reading:
    amounts = [None if amount is None else Decimal(amount) for amount in (voucher, cash)]
    return Reading(Balance(Decimal(available), *amounts), NOW - timedelta(seconds=age))


def _view(
    status: Status,
    region: Region | None = Region.INTERNATIONAL,
    name: str = "work",
    forecast: Forecast | None = None,
    show: tuple[str, ...] = ("balance",),
    hide: bool = False,
) -> View:
    account = Account(name, region, thresholds=Thresholds(Decimal(5), Decimal(1), Decimal(3)))
    # This module is imported before the fixtures set a time zone.
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        view = build_view(
            account, status, NOW, REFRESH,
            forecast=forecast, show=show, hide_amount=hide, toggle=TOGGLE,
        )  # fmt: skip
    time.tzset()
    return view


def _forecast(*days: float | None, reason: str = "") -> Forecast:
    """Return a forecast whose expected, earliest and latest end are that many days from now."""
    zero_at, earliest, latest = (
        None if number is None else NOW + timedelta(days=number)
        for number in (*days, None, None)[:3]
    )
    daily = tuple(Decimal(n * n % 11) for n in range(30))
    spent = Spending(Decimal("0.1"), Decimal("28.70001"), Decimal("123.4"), daily)
    return Forecast(spent, Runway(Decimal("4.09501"), zero_at, earliest, latest, reason))


_OK = _reading("49.58894", "46.58893", "3.00001")
_OLD = _reading("49.58894", "46.58893", "3.00001", age=1800)
_OLDER = _reading("49.58894", "46.58893", "3.00001", age=200_000)


def _problem(kind: Kind) -> Problem:
    return made_up_problem(kind, f"What happened is {kind.value}", "This is what to do.")


def stale(kind: Kind, name: str = "work") -> View:
    """Return a View with an old balance and a problem of that kind."""
    return _view(Status(_OLD, _problem(kind), expired=True, stale=True), name=name)


def without_balance(kind: Kind, name: str = "work") -> View:
    """Return a View with a problem of that kind and no balance."""
    return _view(Status(problem=_problem(kind)), name=name)


def for_each(views: Mapping[str, View]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Call a test with each of the views, and name those that fail in the message."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        # functools.wraps would have pytest look for a fixture of the parameter's name.
        def run(self: object = None) -> None:
            errors: dict[str, Exception] = {}
            for name, view in views.items():
                try:
                    test(*[self] if self else [], view)
                except Exception as error:  # noqa: BLE001
                    errors[name] = error
            for error in errors.values():
                raise AssertionError(f"failed for {', '.join(errors)}") from error

        run.__name__, run.__doc__ = test.__name__, test.__doc__
        return run

    return decorate


VIEWS = {
    "ok": _view(Status(_OK)),
    "china": _view(Status(_OK), Region.CHINA),
    "warning": _view(Status(_reading("4.99", "4.99", "0"))),
    "critical": _view(Status(_reading("0.00999", "0", "0.00999"))),
    "empty": _view(Status(_reading("0", "0", "0"))),
    "deficit": _view(Status(_reading("46.58893", "46.58893", "-31.14918"))),
    "empty-deficit": _view(Status(_reading("0", "0", "-0.00001")), Region.CHINA),
    "negative": _view(Status(_reading("-1", None, None))),
    "wide": _view(Status(_reading("999999999999.99", "999999999999.99", "-99999999999.5"))),
    "expired": _view(Status(_OLD, expired=True)),
    "fresh-but-failed": _view(Status(_OK, _problem(Kind.OFFLINE), NOW + timedelta(minutes=1))),
    "yesterday": _view(Status(_OLDER, _problem(Kind.OFFLINE), expired=True, stale=True)),
    "no-region": _view(Status(problem=_problem(Kind.CONFIG)), None),
    "forecast": _view(Status(_OK), forecast=_forecast(12.4, 9.2, 16.8)),
    "forecast-soon": _view(Status(_OK), Region.CHINA, forecast=_forecast(1.4, 0.2, 2.8)),
    "forecast-past": _view(Status(_OLD, expired=True), forecast=_forecast(-1, -2, 2.8)),
    "forecast-range": _view(Status(_OK), forecast=_forecast(None, 9.2, 30.8, reason="uneven")),
    "forecast-of-nothing": _view(
        Status(_OK),
        forecast=Forecast(Spending(), Runway(reason="not enough readings yet: 3 of 7 days")),
    ),
    "forecast-in-the-bar": _view(
        Status(_OLD, _problem(Kind.OFFLINE), expired=True, stale=True),
        forecast=_forecast(12.4, 9.2, 16.8),
        show=("balance", "runway", "pace", "today"),
    ),
    "hidden": _view(
        Status(_reading("4.99", "4.99", "-0.5")), forecast=_forecast(12.4, 9.2, 16.8), hide=True
    ),
    "hidden-stale": _view(
        Status(_OLD, _problem(Kind.OFFLINE), expired=True, stale=True),
        forecast=_forecast(12.4, 9.2, 16.8),
        show=("balance", "runway", "today"),
        hide=True,
    ),
    "together": combine(
        [
            _view(Status(_OK), forecast=_forecast(12.4, 9.2, 16.8)),
            _view(Status(_reading("4.99", "4.99", "0")), Region.CHINA, "cn"),
            stale(Kind.OFFLINE, name="old"),
        ]
    ),
    "together-nothing": combine(
        [without_balance(kind, name=kind.value) for kind in (Kind.NO_KEY, Kind.TLS)]
    ),
    "stale-offline": stale(Kind.OFFLINE),
    "stale-unauthorized": _view(
        Status(_OLD, _problem(Kind.UNAUTHORIZED), NOW + timedelta(days=1), expired=True, stale=True)
    ),
    "nothing-offline": without_balance(Kind.OFFLINE),
    "nothing-no-key": without_balance(Kind.NO_KEY),
}
HOSTILE_VIEWS = {name: stale(Kind.OFFLINE, name=text) for name, text in HOSTILE_NAMES.items()}
ALL_VIEWS = {
    **VIEWS,
    **HOSTILE_VIEWS,
    "hostile names together": combine(list(HOSTILE_VIEWS.values())),
}
