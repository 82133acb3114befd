"""``i3status-rust``: one object of strings, with texts in valid Pango markup."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from kit.views import ALL_VIEWS, HOSTILE_VIEWS, VIEWS, for_each

from moonshot_status.display.combine import combine
from moonshot_status.display.view import View
from moonshot_status.formats.i3status_rust import render

STATES = {"Idle", "Info", "Good", "Warning", "Critical"}


def read(view: View) -> tuple[str, str, str]:
    """Return text, short text and state, as they are displayed."""
    reply = render(view)
    assert reply.exit_code == 0
    assert reply.text.count("\n") == 1
    block = json.loads(reply.text)
    assert set(block) == {"text", "short_text", "state"}
    assert all(isinstance(value, str) and "\\" not in value for value in block.values())
    texts = []
    for name in ("text", "short_text"):
        tree = ElementTree.fromstring(f"<m>{block[name]}</m>")  # noqa: S314
        assert len(tree) == 0
        texts.append(tree.text or "")
    return texts[0], texts[1], block["state"]


@for_each(ALL_VIEWS)
def test_the_texts_are_those_of_the_view(view: View) -> None:
    text, short, state = read(view)
    assert text == view.headline.replace("\\", "∖")
    assert short == view.short
    assert state in STATES


@pytest.mark.parametrize(
    ("view", "state"),
    [
        ("ok", "Idle"), ("warning", "Warning"), ("critical", "Critical"), ("empty", "Critical"),
        ("stale-offline", "Info"), ("nothing-offline", "Info"), ("together", "Warning"),
    ],
)  # fmt: skip
def test_the_state_follows_the_level(view: str, state: str) -> None:
    assert read(VIEWS[view])[2] == state


def test_names_of_several_accounts_are_text() -> None:
    text, *_ = read(combine([HOSTILE_VIEWS["markup"], HOSTILE_VIEWS["quotes"]]))
    assert text.startswith("<b>bold</b> & <… $49.58")
