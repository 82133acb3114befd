"""A strict parser of xbar's menu syntax: it rejects what xbar rejects or would misread."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ATTRIBUTE = re.compile(r'([a-z]+[0-9]*)=("[^"\n]*"|[^\s"]+)(?: |$)')
_KEYS = {"href", "color", "font", "refresh", "shell", "terminal", "emojize"}
SWIFTBAR_KEYS = {"sfimage", "symbolize", "tooltip"}


class MenuError(Exception):
    """The bar would reject or misread this menu."""


@dataclass(frozen=True)
class Item:
    text: str
    attributes: dict[str, str]


def parse(menu: str, more_keys: frozenset[str] = frozenset()) -> tuple[Item, list[Item]]:
    """Return the title and the items below it. Raises MenuError."""
    if not menu.endswith("\n"):
        raise MenuError("the last line has no newline")
    lines = menu[:-1].split("\n")
    if len(lines) < 3 or lines[1] != "---":
        raise MenuError("expected one title and a menu")
    items = [_item(line, more_keys) for line in lines[2:] if line != "---"]
    return _item(lines[0], more_keys), items


def _item(line: str, more_keys: frozenset[str]) -> Item:
    text, bar, rest = line.partition("|")
    text = text.strip()
    if not text:
        raise MenuError("a blank item")
    if text.startswith("-") or "\\" in line or not line.isprintable():
        raise MenuError(f"text that is syntax: {line!r}")
    return Item(text, _attributes(rest.strip(), more_keys) if bar else {})


def _attributes(rest: str, more_keys: frozenset[str]) -> dict[str, str]:
    attributes, position = {}, 0
    while position < len(rest):
        match = _ATTRIBUTE.match(rest, position)
        if not match or "|" in match[0]:
            raise MenuError(f"invalid attributes: {rest!r}")
        name, value = match[1], match[2].strip('"')
        _check(name, value, more_keys)
        attributes[name] = value
        position = match.end()
    if attributes.get("emojize") != "false":
        raise MenuError("a text such as :moon: would become an emoji")
    return attributes


def _check(name: str, value: str, more_keys: frozenset[str]) -> None:
    if not (name in _KEYS | more_keys or re.fullmatch("param[1-9][0-9]*", name)):
        raise MenuError(f"an unknown key: {name}")
    if name in ("refresh", "terminal", "emojize", "symbolize") and value not in ("true", "false"):
        raise MenuError(f"{name} is true or false, not {value}")
    colours = 2 if more_keys else 1
    if name == "color" and not re.fullmatch(
        f"#[0-9a-f]{{6}}(,#[0-9a-f]{{6}}){{0,{colours - 1}}}", value
    ):
        raise MenuError(f"no colour: {value}")
    if name == "href" and not value.startswith("https://"):
        raise MenuError(f"no address: {value}")
