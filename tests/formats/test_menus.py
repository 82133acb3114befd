"""The tests' menu parser rejects what the bars reject."""

from __future__ import annotations

import pytest
from kit.menus import MenuError, parse

VALID = "title | emojize=false\n---\nitem | href=https://a.example/b emojize=false\n"


def test_a_valid_menu_is_parsed() -> None:
    title, (item,) = parse(VALID)
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
def test_an_invalid_line_is_rejected(line: str) -> None:
    with pytest.raises(MenuError):
        parse(f"{VALID}{line}\n")
