"""Several accounts in one View: balances are not added up, the worst level counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.views import VIEWS

from moonshot_status.core.errors import Kind
from moonshot_status.core.regions import Region
from moonshot_status.core.thresholds import Level
from moonshot_status.display.combine import combine
from moonshot_status.display.view import View


def combined(*names: str) -> View:
    return combine([VIEWS[name] for name in names])


def test_a_single_account_is_unchanged() -> None:
    assert combined("ok") is VIEWS["ok"]
    assert VIEWS["ok"].sections == (VIEWS["ok"],)


def test_amounts_are_shown_side_by_side() -> None:
    shown = combined("ok", "china")
    assert shown.headline == "work $49.58 │ work ¥49.58"
    assert shown.short == "$49 │ ¥49"
    assert (shown.balance, shown.region, shown.has_balance) == (None, None, True)
    assert combined("ok", "warning").region is Region.INTERNATIONAL
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
def test_the_level_is_the_worst(names: tuple[str, ...], level: Level) -> None:
    assert combined(*names).level is level


def test_the_classes_of_every_account_are_kept() -> None:
    shown = combined("ok", "stale-offline", "deficit", "nothing-offline")
    assert shown.classes == ("unknown", "stale", "offline", "deficit")
    assert shown.stale
    assert shown.problem == VIEWS["stale-offline"].problem


def test_the_facts_are_those_of_all_accounts() -> None:
    shown = combined("ok", "expired", "hidden", "nothing-offline")
    assert (shown.account, shown.rows, shown.retry_at) == ("work, work, work, work", (), None)
    assert (shown.expired, shown.stale, shown.hide_amount) == (True, False, False)
    assert shown.fetched_at == VIEWS["expired"].fetched_at
    assert combined("ok", "warning").expired is False
    assert combined("hidden", "ok").hide_amount
    assert (shown.refresh, shown.toggle) == (VIEWS["ok"].refresh, VIEWS["ok"].toggle)
    assert (shown.thresholds, shown.forecast) == (None, None)
    assert combined("nothing-no-key", "nothing-offline").fetched_at is None


def test_names_are_short_and_never_missing() -> None:
    views = [replace(VIEWS["ok"], account=name) for name in ("x" * 17, "x" * 16, "\n")]
    shown = combine(views)
    names = [part.split()[0] for part in shown.line.split(" │ ")]
    assert names == ["x" * 15 + "…", "x" * 16, "—"]
    assert shown.headline == shown.line


def test_notes_have_the_name_of_their_account() -> None:
    assert combined("ok", "warning").notes == ("work: At or below the warning mark of $5.00",)


def test_it_is_valid_until_the_first_change() -> None:
    shown = combined("ok", "forecast")
    assert shown.valid_until == min(VIEWS["ok"].valid_until, VIEWS["forecast"].valid_until)
    assert not combined("nothing-offline", "nothing-no-key").has_balance


def test_the_next_step_is_that_of_the_first_problem() -> None:
    assert combined("ok", "nothing-no-key", "stale-offline").next_step == Kind.NO_KEY.next_step
    assert combined("stale-offline", "nothing-no-key").next_step == Kind.OFFLINE.next_step
    assert combined("ok", "warning").next_step == ""
