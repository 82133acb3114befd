"""Whether there is enough money, or enough time, for who asks. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum

from moonshot_status.core.money import format_balance
from moonshot_status.core.regions import Region
from moonshot_status.core.text import one_line
from moonshot_status.display.forecast_text import runway_words
from moonshot_status.display.view import View
from moonshot_status.spending.forecast import Forecast
from moonshot_status.spending.runway import Runway

_DAY = timedelta(days=1)
_CENT = Decimal("0.01")


class GuardResult(IntEnum):
    """The value is the exit status."""

    ENOUGH = 0
    TOO_LITTLE = 1
    UNKNOWN = 3


_WORST_FIRST = (GuardResult.TOO_LITTLE, GuardResult.UNKNOWN, GuardResult.ENOUGH)


@dataclass(frozen=True)
class Verdict:
    """The answer to one question, and its reason on one line."""

    result: GuardResult
    reason: str

    @property
    def line(self) -> str:
        return f"{self.result.name.lower().replace('_', ' ')}: {self.reason}"


def evaluate(view: View, minimum: Decimal | None, days: Decimal | None, now: datetime) -> Verdict:
    """Whether there is ``minimum`` in the account's currency, and as much as ``days`` need.

    Too little of one is too little; else what is not known leaves the whole unknown. Of several
    accounts each has to have enough.
    """
    if not view.members:
        return _worst(_of_account(view, minimum, days, now))
    found = [
        replace(verdict, reason=f"{one_line(member.account, 40)} {verdict.reason}")
        for member in view.members
        for verdict in _of_account(member, minimum, days, now)
    ]
    return _worst(found)


def _worst(found: list[Verdict]) -> Verdict:
    answers = [verdict.result for verdict in found]
    worst = next(answer for answer in _WORST_FIRST if answer in answers)
    return Verdict(worst, "; ".join(one.reason for one in found if one.result is worst))


def _of_account(
    view: View, minimum: Decimal | None, days: Decimal | None, now: datetime
) -> list[Verdict]:
    if view.balance is None or view.region is None or view.stale or view.expired:
        return [Verdict(GuardResult.UNKNOWN, _doubt(view))]
    available, found = view.balance.available, []
    if minimum is not None:
        shown = "" if view.hide_amount else f"{format_balance(available, view.region)}, "
        found.append(_money(available, minimum, shown, view.region))
    if days is not None:
        found.append(_time(available, view.forecast, days, now))
    return found


def _doubt(view: View) -> str:
    """Why the balance, if there is one, says nothing about now."""
    if view.balance is None:
        return view.problem.kind.label if view.problem else "no balance"
    return view.line if view.problem else f"{view.line}, another process is asking"


def _money(available: Decimal, minimum: Decimal, shown: str, region: Region) -> Verdict:
    wanted = _exactly(minimum, region)
    if available >= minimum:
        return Verdict(GuardResult.ENOUGH, f"{shown}at least {wanted}")
    return Verdict(GuardResult.TOO_LITTLE, f"{shown}less than {wanted}")


def _exactly(amount: Decimal, region: Region) -> str:
    """The amount to the cent, or with all its digits if there are more."""
    cents = amount.quantize(_CENT)
    return f"{region.sign}{cents if cents == amount else amount.normalize():f}"


def _time(available: Decimal, forecast: Forecast | None, days: Decimal, now: datetime) -> Verdict:
    wanted = f"{days.normalize():f} {'day' if days == 1 else 'days'}"
    if available <= 0:
        return Verdict(GuardResult.TOO_LITTLE, f"nothing is left, less than {wanted}")
    if forecast is None:
        return Verdict(GuardResult.UNKNOWN, "there is no forecast")
    answer, words = _lasts(forecast.runway, days, now), runway_words(forecast.runway, now)
    wish = {
        GuardResult.ENOUGH: f", at least {wanted}",
        GuardResult.TOO_LITTLE: f", less than {wanted}",
    }
    return Verdict(answer, words + wish.get(answer, ""))


def _lasts(runway: Runway, days: Decimal, now: datetime) -> GuardResult:
    """By the expected end; where only a range is known, by the end of it that settles it.

    A pace without any end is one at which the money lasts for longer than can be asked for.
    """
    if runway.earliest is None or runway.latest is None:
        return GuardResult.UNKNOWN if runway.per_day is None else GuardResult.ENOUGH
    first, last = runway.zero_at or runway.earliest, runway.zero_at or runway.latest
    if (first - now) / _DAY >= days:
        return GuardResult.ENOUGH
    return GuardResult.TOO_LITTLE if (last - now) / _DAY < days else GuardResult.UNKNOWN
