"""The tests' own menu reader refuses what the bars refuse."""

from __future__ import annotations

import pytest
from kit.menus import MenuError, parse

GOOD = "title | emojize=false\n---\nitem | href=https://a.example/b emojize=false\n"


def test_a_good_menu_is_read() -> None:
    title, (item,) = parse(GOOD)
    assert title.text == "title"
    assert item.attributes == {"href": "https://a.example/b", "emojize": "false"}


@pytest.mark.parametrize(
    "line",
    [
        "",
        "-- submenu | emojize=false",
        "- | emojize=false",
        "text | more | emojize=false",
        "text | tooltip=x emojize=false",
        "text | color=#fff emojize=false",
        "text | color=#ffffff,#000000 emojize=false",
        "text | refresh=yes emojize=false",
        'text | shell="a emojize=false',
        'text | shell="a|b" emojize=false',
        "text | refresh=true",
        "a \\ b | emojize=false",
        "a \x1b b | emojize=false",
    ],
)
def test_a_bad_line_is_refused(line: str) -> None:
    with pytest.raises(MenuError):
        parse(f"{GOOD}{line}\n")
