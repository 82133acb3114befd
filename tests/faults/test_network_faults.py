"""Every fault of the network, over a stored balance and on an empty store.

``json`` meets the fault. A failure has a backoff, so the other formats show what was stored of it.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator
from kit import menus, stored
from kit.network_faults import ENDLESS, FAULTS, LOGIN, PASSWORD, Fault, network
from kit.raw_server import trust
from kit.support import KEY, Run

from moonshot_status import formats, reply_cache, schemas
from moonshot_status.config.settings import Options
from moonshot_status.core import paths
from moonshot_status.core.errors import Kind
from moonshot_status.polling import poll
from moonshot_status.store.database import FILE_NAME

NOT_SHOWN = ("leak7", "F#f00", PASSWORD, LOGIN, KEY, "Traceback")
BEFORE, NEWER = "12.34567", "49.58894"
# Seconds: the deadline where nothing else ends a fault, and a hundred times as long.
DEADLINE, LATE = 0.1, 10.0
OUTPUT = Draft202012Validator(schemas.load("output"))
Shown = dict[str, tuple[str, int]]


def shown(run: Run, fault: Fault, home: Path) -> Shown:
    """Return what each format prints, and its exit status; ``json`` is the first to poll."""
    deadline = DEADLINE if fault.kind is Kind.TIMEOUT else ENDLESS
    began = time.monotonic()
    done = run("--format", "json", "--timeout", str(deadline))
    if fault.kind is Kind.TIMEOUT:
        assert deadline <= time.monotonic() - began < LATE
    assert done.stderr == b""
    assert_no_secret(done.stdout, home)
    view = poll.poll(Options(), ())
    replies = {name: formats.renderer(name)(view) for name in HEADLINES}
    assert_no_secret("".join(reply.text for reply in replies.values()).encode(), home)
    return {"json": (done.stdout.decode(), done.returncode)} | {
        name: (reply.text, reply.exit_code) for name, reply in replies.items()
    }


def assert_no_secret(output: bytes, home: Path) -> None:
    """Check that neither the output nor a file has a secret or text of the server."""
    for text in [output, *(file.read_bytes() for file in home.rglob("*") if file.is_file())]:
        assert not [word for word in NOT_SHOWN if word.encode() in text]


def of_waybar(text: str) -> str:
    module = json.loads(text)
    assert set(module) == {"text", "alt", "tooltip", "class"}
    for member in ("tooltip", "text"):
        markup = ElementTree.fromstring(f"<m>{module[member]}</m>")  # noqa: S314
    return "".join(markup.itertext())


def of_i3blocks(text: str) -> str:
    lines = text.splitlines()
    assert len(lines) in (2, 3)
    return lines[0]


HEADLINES: dict[str, Callable[[str], str]] = {
    "plain": str.rstrip,
    "waybar": of_waybar,
    "i3blocks": of_i3blocks,
    "xbar": lambda text: menus.parse(text)[0].text,
    "swiftbar": lambda text: menus.parse(text, frozenset(menus.SWIFTBAR_KEYS))[0].text,
}
"""How to read what the bar itself shows; the other formats show the same."""


def headline(fault: Fault, stored: bool) -> str:
    """Return the pattern of what the bar has to show."""
    if fault.kind is None:
        return r"\$49\.58"
    balance = r"\$12\.34 · as of (\d{4}-\d\d-\d\d )?\d\d:\d\d" if stored else "—"
    return f"{balance} · {fault.kind.label}"


def check_json(document: dict[str, Any], fault: Fault, stored: bool) -> None:
    OUTPUT.validate(document)
    available = NEWER if fault.kind is None else BEFORE if stored else None
    assert document["stale"] == (stored and fault.kind is not None)
    assert str(document["balance"] and document["balance"]["available"]) == str(available)
    problem = document["problem"] or {"kind": None, "retry_at": None}
    assert problem["kind"] == (fault.kind and fault.kind.value)
    assert (problem["retry_at"] is None) == (fault.kind is None)


def readings() -> list[str]:
    return stored.amounts(paths.state_folder() / FILE_NAME)


@pytest.fixture(autouse=True)
def settings(own_file: Callable[[Any], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)
    trust(monkeypatch, own_file({"max_age": 0}).parent)


def assert_copes(
    name: str, stored: bool, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = FAULTS[name]
    with network(fault, BEFORE if stored else None, monkeypatch):
        replies = shown(run, fault, home)
    check_json(json.loads(replies["json"][0]), fault, stored)
    nothing_to_show = fault.kind is not None and not stored
    for form, read in HEADLINES.items():
        assert re.fullmatch(headline(fault, stored), read(replies[form][0])), form
    for form, (text, code) in replies.items():
        assert text.endswith("\n")
        assert text.count("\n") == 1 or form in ("i3blocks", "xbar", "swiftbar")
        assert code == (nothing_to_show and form in ("plain", "json")), form
    assert readings() == [BEFORE] * stored + [NEWER, NEWER] * (fault.kind is None)


def first_of_each_kind() -> list[str]:
    """Return one fault of each kind of problem, and one that is no problem."""
    return list({fault.kind: name for name, fault in reversed(FAULTS.items())}.values())


def is_quick(name: str, stored: bool) -> bool:
    """Return whether the fault differs in more than its body from others that are tried."""
    return name in first_of_each_kind() or (stored and not name.endswith(("HTML", "nothing")))


CASES = [
    pytest.param(
        name,
        stored,
        id=f"{name}-{'stored' if stored else 'empty'}",
        marks=[] if is_quick(name, stored) else pytest.mark.slow,
    )
    for name in FAULTS
    for stored in (True, False)
]


@pytest.mark.parametrize(("name", "stored"), CASES)
def test_the_formats_cope(
    name: str, stored: bool, invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_copes(name, stored, invoke, home, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", first_of_each_kind())
def test_a_process_of_its_own_copes(
    name: str, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_copes(name, True, run, home, monkeypatch)


@pytest.mark.parametrize("place", ["output", "file"])
@pytest.mark.parametrize("word", NOT_SHOWN)
def test_a_leak_would_be_seen(
    word: str, place: str, invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = FAULTS["503 with HTML"]

    def leak() -> None:
        if place == "output":
            os.write(1, f"<{word}>".encode())
        else:
            (home / "left").write_text(f"<{word}>")

    monkeypatch.setattr(reply_cache, "print_if_valid", leak)
    with network(fault, None, monkeypatch), pytest.raises(AssertionError, match=word):
        shown(invoke, fault, home)


@pytest.mark.parametrize(("before", "level"), [("0.58211", "critical"), ("0", "empty")])
def test_an_urgent_balance_stays_urgent(
    before: str, level: str, invoke: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with network(FAULTS["503 with HTML"], before, monkeypatch):
        replies = shown(invoke, FAULTS["503 with HTML"], home)
    assert {form: code for form, (_, code) in replies.items() if code} == {"i3blocks": 33}
    assert json.loads(replies["waybar"][0])["class"] == [level, "stale", "server-error"]
    assert len(replies["i3blocks"][0].splitlines()) == 3


def test_every_kind_of_fault_is_there() -> None:
    assert {*HEADLINES} < {*formats.names()}
    local = {Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT, Kind.CONFIG, Kind.STORE, Kind.INTERNAL}
    assert {fault.kind for fault in FAULTS.values()} == {None, *Kind} - local
