"""``nagios``: a status line with valid performance data, and the exit code."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from kit.views import ALL_VIEWS, HOSTILE_VIEWS, VIEWS, for_each

from moonshot_status.core.thresholds import Level
from moonshot_status.display.combine import combine
from moonshot_status.display.view import View
from moonshot_status.formats.nagios import render

_NUMBER = r"-?\d+(?:\.\d+)?"
_VALUE = re.compile(
    rf"'(?P<label>[^'=|]+)'=(?P<value>{_NUMBER})(?P<unit>s?)"
    rf"(?:;(?P<warn>{_NUMBER}:)(?:;(?P<crit>{_NUMBER}:))?)?(?: |$)"
)


def read(view: View) -> tuple[str, dict[str, str]]:
    """Return the status line and the values with their ranges; fail on invalid syntax."""
    first, *notes = render(view).text.splitlines()
    assert not any("|" in note for note in notes)
    text, _, data = first.partition(" | ")
    assert "|" not in text + data
    assert not set("<>") & set(text + "".join(notes))
    values, position = {}, 0
    while position < len(data):
        found = _VALUE.match(data, position)
        assert found, data[position:]
        assert "::" not in found["label"]
        assert found["label"] not in values
        values[found["label"]] = found[0].partition("=")[2].strip()
        position = found.end()
    return text, values


@for_each(ALL_VIEWS)
def test_the_output_is_valid(view: View) -> None:
    read(view)


def test_a_threshold_is_a_range() -> None:
    text, values = read(VIEWS["forecast"])
    assert text == "OK: $49.58"
    assert values == {
        "available": "49.58894;5:;1:", "voucher": "46.58893", "cash": "3.00001",
        "runway": "1071420s;259200:",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("view", "status", "code"),
    [
        ("ok", "OK", 0),
        ("warning", "WARNING", 1),
        ("critical", "CRITICAL", 2),
        ("empty", "CRITICAL", 2),
        ("fresh-but-failed", "OK", 0),
        ("stale-offline", "WARNING", 1),
        ("nothing-no-key", "UNKNOWN", 3),
        ("together", "WARNING", 1),
        ("together-nothing", "UNKNOWN", 3),
    ],
)
def test_each_level_has_its_status(view: str, status: str, code: int) -> None:
    reply = render(VIEWS[view])
    assert reply.text.startswith(f"{status}: ")
    assert reply.exit_code == code


def test_a_stale_balance_is_at_least_a_warning() -> None:
    stale = replace(VIEWS["critical"], stale=True)
    assert render(stale).exit_code == 2
    assert render(replace(stale, level=Level.UNKNOWN)).exit_code == 3


def test_the_notes_are_below() -> None:
    _, *notes = render(VIEWS["stale-unauthorized"]).text.splitlines()
    assert notes == list(VIEWS["stale-unauthorized"].notes)


def test_values_of_several_accounts_are_prefixed() -> None:
    _, values = read(VIEWS["together"])
    assert {"work available", "cn available", "old cash"} <= set(values)


def test_equal_labels_are_numbered() -> None:
    alike = [replace(VIEWS["ok"], account=name) for name in ("a=b", "a|b", "a_b 2", "a'b")]
    _, values = read(combine(alike))
    names = [label.removesuffix(" cash") for label in values if label.endswith(" cash")]
    assert names == ["a_b", "a_b 2", "a_b 2 2", "a_b 3"]
    assert len(read(combine(list(HOSTILE_VIEWS.values())))[1]) == 3 * len(HOSTILE_VIEWS)


def test_without_thresholds_there_are_no_ranges() -> None:
    _, values = read(replace(VIEWS["forecast"], thresholds=None))
    assert (values["available"], values["runway"]) == ("49.58894", "1071420s")


def test_hidden_amounts_are_no_values() -> None:
    assert set(read(VIEWS["hidden"])[1]) == {"runway"}
