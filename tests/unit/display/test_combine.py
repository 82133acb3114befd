"""Several accounts side by side: nothing is added up, and the worst one decides."""

from __future__ import annotations

import pytest
from kit.views import VIEWS

from moonshot_status.core.regions import Region
from moonshot_status.core.thresholds import Level
from moonshot_status.display.combine import combine
from moonshot_status.display.view import View


def together(*names: str) -> View:
    return combine([VIEWS[name] for name in names])


def test_one_account_stays_as_it_is() -> None:
    assert together("ok") is VIEWS["ok"]
    assert VIEWS["ok"].sections == (VIEWS["ok"],)


def test_amounts_stand_side_by_side() -> None:
    shown = together("ok", "china")
    assert shown.headline == "work $49.58 │ work ¥49.58"
    assert shown.short == "$49 │ ¥49"
    assert (shown.balance, shown.region, shown.has_balance) == (None, None, True)
    assert together("ok", "warning").region is Region.INTERNATIONAL
    assert shown.sections == (VIEWS["ok"], VIEWS["china"])


@pytest.mark.parametrize(
    ("names", "level"),
    [
        (("ok", "warning", "ok"), Level.WARNING),
        (("critical", "warning"), Level.CRITICAL),
        (("empty", "critical"), Level.EMPTY),
        (("nothing-offline", "ok"), Level.UNKNOWN),
        (("warning", "nothing-offline"), Level.WARNING),
    ],
)
def test_the_worst_level_decides(names: tuple[str, ...], level: Level) -> None:
    assert together(*names).level is level


def test_what_is_true_of_one_is_among_the_classes() -> None:
    shown = together("ok", "stale-offline", "deficit", "nothing-offline")
    assert shown.classes == ("unknown", "stale", "offline", "deficit")
    assert shown.stale
    assert shown.problem == VIEWS["stale-offline"].problem


def test_notes_say_whose_they_are() -> None:
    assert together("ok", "warning").notes == ("work: At or below the warning mark of $5.00",)


def test_it_holds_as_long_as_the_first_of_them() -> None:
    shown = together("ok", "forecast")
    assert shown.valid_until == min(VIEWS["ok"].valid_until, VIEWS["forecast"].valid_until)
    assert not together("nothing-offline", "nothing-tls").has_balance
