"""From click's parameters to the options of the program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from moonshot_status import formats
from moonshot_status.cli.options import make_options, make_request
from moonshot_status.config.settings import SETTINGS

NOTHING: dict[str, Any] = {
    "format": "plain", "account": None, "config": None, "refresh": False, "demo": None,
    "wait": None, "debug": False,
    **{setting.name: None for setting in SETTINGS if setting.flag}, "hide_amount": False,
}  # fmt: skip


def test_what_is_not_given_overrides_nothing() -> None:
    assert make_options(NOTHING).flags == {}


def test_a_zero_and_an_empty_text_are_given() -> None:
    flags = make_options({**NOTHING, "max_age": 0.0, "template": "", "hide_amount": True}).flags
    assert flags == {"max_age": 0.0, "template": "", "hide_amount": True}


@pytest.mark.parametrize("demo", [None, "ok"])
def test_the_program_is_run_again_by_its_path(demo: str | None) -> None:
    """A click runs it from any folder: its first word must not be a name that is looked up."""
    request = make_request({**NOTHING, "account": "work", "demo": demo})
    assert Path(request.program[0]).is_absolute()
    assert request.program[-2:] == ("--account", "work")
    assert request.demo == (demo or "")


@pytest.mark.parametrize("options", [["-P"], ["-I"], ["-E", "-s", "-X", "dev", "-W", "error"]])
def test_the_interpreter_is_run_again_with_its_options(
    options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["/nowhere/moonshot_status/__main__.py", "--format", "xbar"])
    command = ["python", *options, "-m", "moonshot_status", "--format", "xbar"]
    monkeypatch.setattr(sys, "orig_argv", command)
    program = make_request({**NOTHING, "account": "work"}).program
    assert program == (sys.executable, *command[1:-2], "--account", "work")


@pytest.mark.parametrize(
    ("given", "wait"),
    [
        ({"format": "waybar"}, 1.0),
        ({"format": "waybar", "wait": 0.0}, 0.0),
        ({"format": "json"}, None),
        ({"format": "json", "wait": 2.0}, 2.0),
        ({"format": "waybar", "refresh": True, "wait": 2.0}, None),
        ({"format": "waybar", "demo": "ok"}, None),
        ({"format": "waybar", "debug": True}, None),
    ],
)
def test_how_long_a_stored_balance_is_held_back(given: dict[str, Any], wait: float | None) -> None:
    assert make_request({**NOTHING, **given}).wait == wait


def test_formats_whose_readers_wait_for_a_request() -> None:
    waiting = [name for name in formats.names() if formats.waits_for_request(name)]
    assert waiting == ["json", "nagios", "plain", "prometheus"]
