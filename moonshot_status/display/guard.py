"""The verdict of ``guard``: whether the balance or the runway is sufficient. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from moonshot_status.core.money import format_balance
from moonshot_status.core.regions import Region
from moonshot_status.core.text import one_line
from moonshot_status.display.forecast_text import format_runway
from moonshot_status.display.view import View
from moonshot_status.spending.forecast import Forecast
from moonshot_status.spending.runway import Runway

_DAY = timedelta(days=1)
_CENT = Decimal("0.01")


class GuardResult(IntEnum):
    """The result of a check; the value is the exit status."""

    ENOUGH = 0
    TOO_LITTLE = 1
    UNKNOWN = 3


_FROM_BAD_TO_GOOD = (GuardResult.TOO_LITTLE, GuardResult.UNKNOWN, GuardResult.ENOUGH)


@dataclass(frozen=True)
class Verdict:
    """The result of one or several checks, with the reason on one line."""

    result: GuardResult
    reason: str

    @property
    def line(self) -> str:
        return f"{self.result.name.lower().replace('_', ' ')}: {self.reason}"


def evaluate(view: View, minimum: Decimal | None, days: Decimal | None, now: datetime) -> Verdict:
    """Check for a minimum balance, a minimum runway in days, or both; return the worst result.

    ``minimum`` is in the account's currency. Of several accounts, each has to pass.
    """
    if not view.members:
        return _worst(_check_account(view, minimum, days, now))
    verdicts = [
        replace(verdict, reason=f"{one_line(member.account, 40)} {verdict.reason}")
        for member in view.members
        for verdict in _check_account(member, minimum, days, now)
    ]
    return _worst(verdicts)


def _worst(verdicts: list[Verdict]) -> Verdict:
    worst = min((verdict.result for verdict in verdicts), key=_FROM_BAD_TO_GOOD.index)
    reasons = (verdict.reason for verdict in verdicts if verdict.result is worst)
    return Verdict(worst, "; ".join(reasons))


def _check_account(
    view: View, minimum: Decimal | None, days: Decimal | None, now: datetime
) -> list[Verdict]:
    if view.balance is None or view.region is None or view.stale or view.expired:
        return [Verdict(GuardResult.UNKNOWN, _no_current_balance(view))]
    available, verdicts = view.balance.available, []
    if minimum is not None:
        amount = "" if view.hide_amount else f"{format_balance(available, view.region)}, "
        verdicts.append(_check_balance(available, minimum, amount, view.region))
    if days is not None:
        verdicts.append(_check_runway(available, view.forecast, days, now))
    return verdicts


def _no_current_balance(view: View) -> str:
    """Return the reason why there is no balance, or why it is too old."""
    if view.balance is None:
        return view.problem.kind.label if view.problem else "no balance"
    return view.line if view.problem else f"{view.line}, another process is asking"


def _check_balance(available: Decimal, minimum: Decimal, amount: str, region: Region) -> Verdict:
    threshold = _format_exactly(minimum, region)
    if available >= minimum:
        return Verdict(GuardResult.ENOUGH, f"{amount}at least {threshold}")
    return Verdict(GuardResult.TOO_LITTLE, f"{amount}less than {threshold}")


def _format_exactly(amount: Decimal, region: Region) -> str:
    """Return the amount to the cent, or with all its digits if it has more."""
    cents = amount.quantize(_CENT)
    return f"{region.sign}{cents if cents == amount else amount.normalize():f}"


def _check_runway(
    available: Decimal, forecast: Forecast | None, days: Decimal, now: datetime
) -> Verdict:
    threshold = f"{days.normalize():f} {'day' if days == 1 else 'days'}"
    if available <= 0:
        return Verdict(GuardResult.TOO_LITTLE, f"nothing is left, less than {threshold}")
    if forecast is None:
        return Verdict(GuardResult.UNKNOWN, "there is no forecast")
    result = _compare(forecast.runway, days, now)
    comparison = {
        GuardResult.ENOUGH: f", at least {threshold}",
        GuardResult.TOO_LITTLE: f", less than {threshold}",
        GuardResult.UNKNOWN: "",
    }[result]
    return Verdict(result, format_runway(forecast.runway, now) + comparison)


def _compare(runway: Runway, days: Decimal, now: datetime) -> GuardResult:
    """Compare the expected end, or the whole range without one, with a number of days.

    A known rate without any end means a runway beyond the longest that can be checked.
    """
    if runway.earliest is None or runway.latest is None:
        return GuardResult.UNKNOWN if runway.per_day is None else GuardResult.ENOUGH
    first, last = runway.zero_at or runway.earliest, runway.zero_at or runway.latest
    if (first - now) / _DAY >= days:
        return GuardResult.ENOUGH
    return GuardResult.TOO_LITTLE if (last - now) / _DAY < days else GuardResult.UNKNOWN
