"""``prometheus``: valid text format, without samples for unknown values."""

from __future__ import annotations

import re
from dataclasses import replace

from kit.views import ALL_VIEWS, HOSTILE_NAMES, HOSTILE_VIEWS, NOW, VIEWS, for_each

from moonshot_status.display.combine import combine
from moonshot_status.display.view import View
from moonshot_status.formats.prometheus import render

_SAMPLE = re.compile(
    r'(?P<metric>[a-z_]+)\{(?P<labels>(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+)\} '
    r"(?P<value>-?\d+(?:\.\d+)?)"
)
_LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')
Samples = dict[tuple[str, ...], str]


def read(view: View) -> dict[str, Samples]:
    """Return the samples of each metric by their labels; fail on invalid syntax."""
    reply = render(view)
    assert reply.exit_code == 0
    found: dict[str, Samples] = {}
    for block in re.split(r"(?m)^(?=# HELP )", reply.text)[1:]:
        about, kind, *lines = block.splitlines()
        metric = about.split()[2]
        assert re.fullmatch(rf"# HELP {metric} [^\\]+\.", about)
        assert kind == f"# TYPE {metric} gauge"
        assert metric not in found
        found[metric] = {}
        for line in lines:
            sample = _SAMPLE.fullmatch(line)
            assert sample, line
            assert sample["metric"] == metric
            labels = tuple(re.sub(r"\\(.)", r"\1", value) for _, value in _LABEL.findall(line))
            assert labels not in found[metric]
            found[metric][labels] = sample["value"]
        assert found[metric]
    return found


@for_each(ALL_VIEWS)
def test_the_output_is_valid(view: View) -> None:
    found = read(view)
    levels = found["moonshot_level"].values()
    assert sorted(levels) == sorted(["0", "0", "0", "0", "1"] * len(view.sections))


def test_amounts_have_the_digits_of_the_api_and_no_exponent() -> None:
    found = read(VIEWS["deficit"])
    labels = ("work", "international", "USD")
    assert found["moonshot_balance_available"] == {labels: "46.58893"}
    assert found["moonshot_balance_cash"] == {labels: "-31.14918"}
    tiny = read(VIEWS["empty-deficit"])
    assert tiny["moonshot_balance_cash"] == {("work", "china", "CNY"): "-0.00001"}


def test_unknown_values_have_no_sample() -> None:
    assert set(read(VIEWS["nothing-no-key"])) == {
        "moonshot_level", "moonshot_stale", "moonshot_problem",
    }  # fmt: skip
    assert set(read(VIEWS["negative"])) == {
        "moonshot_balance_available", "moonshot_fetched_timestamp_seconds",
        "moonshot_level", "moonshot_stale",
    }  # fmt: skip
    assert "moonshot_runway_timestamp_seconds" not in read(VIEWS["forecast-range"])
    assert "moonshot_runway_latest_timestamp_seconds" in read(VIEWS["forecast-range"])


def test_times_are_in_seconds() -> None:
    found = read(VIEWS["forecast"])
    labels = ("work", "international", "USD")
    assert found["moonshot_fetched_timestamp_seconds"][labels] == f"{NOW.timestamp() - 60:.0f}"
    end = NOW.timestamp() + 12.4 * 86400
    assert found["moonshot_runway_timestamp_seconds"][labels] == f"{end:.0f}"
    assert found["moonshot_spent_per_day"][labels] == "4.09501"


def test_the_problem_is_a_label() -> None:
    found = read(VIEWS["together"])
    own = ("old", "international", "USD")
    assert found["moonshot_problem"] == {(*own, "offline"): "1"}
    assert found["moonshot_stale"][own] == "1"
    assert len(found["moonshot_stale"]) == 3


def test_hidden_amounts_are_ignored() -> None:
    found = read(VIEWS["hidden"])
    assert not {metric for metric in found if "balance" in metric or "spent" in metric}
    assert "moonshot_runway_timestamp_seconds" in found


def test_a_name_is_unchanged() -> None:
    for name in ("markup", "pipes", "quotes", "backslashes", "json", "tmux"):
        ((label, *_),) = read(HOSTILE_VIEWS[name])["moonshot_stale"]
        assert label.rstrip("…") == HOSTILE_NAMES[name][: len(label.rstrip("…"))]


def test_equal_labels_are_numbered() -> None:
    alike = [replace(VIEWS["ok"], account=name) for name in ("a\nb", "a\tb", "a b", "", "\x00")]
    found = read(combine(alike))["moonshot_stale"]
    assert [labels[0] for labels in found] == ["a b", "a b 2", "a b 3", "-", "- 2"]
