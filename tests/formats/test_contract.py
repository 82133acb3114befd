"""The rules for every format, whatever its bar."""

from __future__ import annotations

import importlib
import inspect
import os
from pathlib import Path

import pytest
from kit.views import ALL_VIEWS, NOW, VIEWS

from moonshot_status import formats
from moonshot_status.core import causes
from moonshot_status.core.account import Account
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.status import Status
from moonshot_status.display.combine import combine
from moonshot_status.display.view import build_view
from moonshot_status.formats import i3blocks

HERE = Path(__file__).parent
INTEGRATIONS = HERE.parent.parent / "integrations"
# Set this variable to write the goldens again, and review their diff.
WRITE = "WRITE_GOLDENS" in os.environ
FOR_PEOPLE_AND_SCRIPTS = {"plain", "json"}
UNKNOWN_ACCOUNT = ProblemError(causes.UNKNOWN_ACCOUNT, error="there is no account 'x'").problem


@pytest.mark.parametrize("name", formats.names())
def test_a_format_is_three_files(name: str) -> None:
    own_name = name.replace("-", "_")
    module = importlib.import_module(f"{formats.__name__}.{own_name}")
    functions = inspect.getmembers(module, inspect.isfunction)
    public = [n for n, f in functions if f.__module__ == module.__name__ and n[0] != "_"]
    assert set(public) - {"update", "parse_click"} == {"render"}
    assert (HERE / f"test_{own_name}.py").exists()
    assert name in FOR_PEOPLE_AND_SCRIPTS or (INTEGRATIONS / name / "README.md").exists()


@pytest.mark.parametrize("name", formats.names())
def test_each_view_is_rendered_as_its_golden(name: str) -> None:
    folder, outputs, goldens = HERE / "goldens" / name, {}, {}
    for view_name, view in VIEWS.items():
        reply = formats.renderer(name)(view)
        outputs[view_name] = f"{reply.text}exit status {reply.exit_code}\n"
        golden = folder / f"{view_name}.txt"
        if WRITE:
            folder.mkdir(parents=True, exist_ok=True)
            golden.write_text(outputs[view_name], encoding="utf-8")
        goldens[view_name] = golden.read_text(encoding="utf-8")
    assert outputs == goldens


def test_no_golden_is_left_over() -> None:
    files = {path.relative_to(HERE / "goldens") for path in HERE.glob("goldens/*/*")}
    assert files == {Path(name) / f"{view}.txt" for name in formats.names() for view in VIEWS}


@pytest.mark.parametrize("name", formats.names())
def test_the_reply_is_whole_lines_of_printable_text(name: str) -> None:
    for view_name, view in ALL_VIEWS.items():
        text = formats.renderer(name)(view).text
        assert text.endswith("\n"), view_name
        assert not text.endswith("\n\n"), view_name
        lines = text[:-1].split("\n")
        assert all(line.isprintable() and line.strip() for line in lines), view_name
        text.encode("utf-8")


@pytest.mark.parametrize("name", formats.names())
def test_the_label_or_the_kind_of_a_problem_is_in_the_text(name: str) -> None:
    for view_name, view in VIEWS.items():
        if view.problem:
            kind, text = view.problem.kind, formats.renderer(name)(view).text
            assert kind.label in text or kind.value in text, view_name


@pytest.mark.parametrize("name", formats.names())
def test_only_people_and_scripts_are_told_of_an_unknown_account_by_an_error(name: str) -> None:
    unknown = build_view(Account("x"), Status(problem=UNKNOWN_ACCOUNT), NOW)
    expected = "there is no account 'x'" if name in FOR_PEOPLE_AND_SCRIPTS else ""
    render = formats.renderer(name)
    assert render(unknown).unknown_account == expected
    assert render(combine([VIEWS["ok"], unknown])).unknown_account == expected
    assert all(render(view).unknown_account == "" for view in VIEWS.values())


@pytest.mark.parametrize("name", formats.names())
def test_an_update_of_a_stream_is_framed_or_there_is_none(name: str) -> None:
    update, render = formats.update_renderer(name), formats.renderer(name)
    module = formats._module(name)
    for view_name, view in ALL_VIEWS.items():
        reply = render(view)
        # More lines than there are accounts need a frame.
        lines = reply.text.count("\n")
        assert lines <= len(view.sections) or hasattr(module, "update"), view_name
        if update:
            assert update(reply).endswith("\n"), view_name


def test_a_format_can_have_an_update_and_a_parser_of_clicks() -> None:
    reply = formats.Reply("text\n")
    plain_update = formats.update_renderer("plain")
    assert plain_update
    assert plain_update(reply) == "text\n"
    assert formats.update_renderer("i3blocks") is i3blocks.update
    assert formats.update_renderer("xbar") is None
    assert formats.click_parser("i3blocks") is i3blocks.parse_click
    assert formats.click_parser("plain") is None
    assert (reply.exit_code, reply.stderr, reply.valid_until) == (0, "", 0)
