"""What every format has to keep to, whatever its bar."""

from __future__ import annotations

import importlib
import inspect
import os
from pathlib import Path

import pytest
from kit.views import ALL_VIEWS, VIEWS

from moonshot_status import formats

HERE = Path(__file__).parent
INTEGRATIONS = HERE.parent.parent / "integrations"
# Set to write the goldens anew; the difference is then there to be read.
WRITE = "WRITE_GOLDENS" in os.environ
FOR_PEOPLE_AND_SCRIPTS = {"plain", "json"}


@pytest.mark.parametrize("name", formats.names())
def test_a_format_is_three_files(name: str) -> None:
    own_name = name.replace("-", "_")
    module = importlib.import_module(f"moonshot_status.formats.{own_name}")
    functions = inspect.getmembers(module, inspect.isfunction)
    public = [n for n, f in functions if f.__module__ == module.__name__ and n[0] != "_"]
    assert set(public) - {"update", "parse_click"} == {"render"}
    assert (HERE / f"test_{own_name}.py").exists()
    assert name in FOR_PEOPLE_AND_SCRIPTS or (INTEGRATIONS / name / "README.md").exists()


@pytest.mark.parametrize("name", formats.names())
@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_rendered_as_its_golden(name: str, view: str) -> None:
    golden = HERE / "goldens" / name / f"{view}.txt"
    reply = formats.renderer(name)(VIEWS[view])
    shown = f"{reply.text}exit status {reply.exit_code}\n"
    if WRITE:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")


def test_no_golden_is_left_over() -> None:
    files = {path.relative_to(HERE / "goldens") for path in HERE.glob("goldens/*/*")}
    assert files == {Path(name) / f"{view}.txt" for name in formats.names() for view in VIEWS}


@pytest.mark.parametrize("name", formats.names())
@pytest.mark.parametrize("view", ALL_VIEWS)
def test_the_reply_is_whole_lines_of_printable_text(name: str, view: str) -> None:
    text = formats.renderer(name)(ALL_VIEWS[view]).text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert all(line.isprintable() and line.strip() for line in text[:-1].split("\n"))
    text.encode("utf-8")


@pytest.mark.parametrize("name", formats.names())
def test_the_key_word_of_a_problem_is_in_the_text(name: str) -> None:
    for view in VIEWS.values():
        if view.problem:
            text = formats.renderer(name)(view).text
            assert view.problem.kind.label in text or view.problem.kind.value in text


@pytest.mark.parametrize("name", formats.names())
def test_an_update_of_a_stream_is_whole_or_there_is_none(name: str) -> None:
    update, render = formats.update_renderer(name), formats.renderer(name)
    module = formats._module(name)
    for view in ALL_VIEWS.values():
        reply = render(view)
        lines = reply.text.count("\n")
        # More lines than there are accounts have to be put into a frame.
        assert lines <= len(view.sections) or hasattr(module, "update")
        if update:
            assert update(reply).endswith("\n")
