"""Whatever a Waybar configuration looks like, setup removes what it added, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.configurations import Files

from moonshot_status.config import jsonc, jsonc_edit
from moonshot_status.setup import bars, plan

trivia = st.lists(
    st.sampled_from(
        ["", " ", "\t", "\n", "\r\n    ", "\n\n  ", "// a ]\n", "/* } \n */ ", "//\r\n"]
    ),
    max_size=2,
).map("".join)
words = st.sampled_from(["clock", "cpu", "custom/ü", "tray", "group/a", "custom/a//b"])
includes = st.sampled_from(
    [
        '"~/.config/waybar/more.jsonc"',
        '["more.jsonc"]',
        '[ "$HOME/.config/waybar/more.jsonc", ]',
        "[]",
    ]
)


@st.composite
def written_lists(draw: st.DrawFn) -> str:
    items = [
        f"{draw(trivia)}{json.dumps(word)}{draw(trivia)},"
        for word in draw(st.lists(words, max_size=4, unique=True))
    ]
    body = "".join(items)
    return f"[{body if draw(st.booleans()) else body[:-1]}{draw(trivia)}]"


@st.composite
def written_bars(draw: st.DrawFn) -> str:
    members = ['"height": 30']
    for name in draw(st.lists(st.sampled_from(["left", "center", "right"]), unique=True)):
        members.append(f'"modules-{name}":{draw(trivia)}{draw(written_lists())}')
    if draw(st.booleans()):
        members.append(f'"include":{draw(trivia)}{draw(includes)}')
    members = [
        f"{draw(trivia)}{member}{draw(trivia)}," for member in draw(st.permutations(members))
    ]
    body = "".join(members)
    return f"{{{body if draw(st.booleans()) else body[:-1]}{draw(trivia)}}}"


@st.composite
def configurations(draw: st.DrawFn) -> Files:
    parts = draw(st.lists(written_bars(), min_size=1, max_size=3))
    text = parts[0]
    if len(parts) > 1:
        text = "[" + ",".join(f"{draw(trivia)}{part}{draw(trivia)}" for part in parts) + "]"
    more = draw(
        st.sampled_from(["{}", '{"clock": {}}', f'{{"modules-right": {draw(written_lists())}}}'])
    )
    style = draw(st.sampled_from(["", "* {}", "\n", '/* a */\r\n@import "b.css";\r\n']))
    return {"config": f"{draw(trivia)}{text}{draw(trivia)}", "more.jsonc": more, "style.css": style}


def edited(text: str, number: int) -> str:
    """Edit the text as a user might: in the lists of a bar, and outside."""
    text = text.replace('"height": 30', '"height": 31, "new": [\n1]')
    for name in ("modules-left", "modules-center", "modules-right"):
        root = jsonc.parse(text)
        nodes = [child.node for child in root.children] if isinstance(root.value, list) else [root]
        member = nodes[number % len(nodes)].member(name)
        if member and set(member.node.value) - {"custom/moonshot"}:
            text = jsonc_edit.insert_last(text, member.node, '"new"')
    return f"{text}\n// new"


def check_removal(home: Path, files: Files, number: int) -> None:
    """Check that a removal restores the files, and keeps what was edited since the addition."""
    folder = home / ".config" / "waybar"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    plan.to_add(bars.load("waybar")).carry_out()
    assert plan.to_add(bars.load("waybar")).is_empty
    (home / "ours").write_bytes((folder / "config").read_bytes())
    plan.to_remove(bars.load("waybar")).carry_out()
    assert {name: (folder / name).read_bytes().decode() for name in files} == files

    ours = (home / "ours").read_bytes().decode()
    plan.to_add(bars.load("waybar")).carry_out()
    assert (folder / "config").read_bytes().decode() == ours
    (folder / "config").write_bytes(edited(ours, number).encode())
    plan.to_remove(bars.load("waybar")).carry_out()
    left = (folder / "config").read_bytes().decode()
    if "added by moonshot-status" not in ours:
        assert left == edited(files["config"], number)
    assert "moonshot" not in left
    for path in folder.glob("*.before-moonshot-status*"):
        path.unlink()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=configurations(), number=st.integers(0, 2))
def test_a_removal_restores_any_configuration(home: Path, files: Files, number: int) -> None:
    check_removal(home, files, number)


@pytest.mark.slow
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=configurations(), number=st.integers(0, 2))
def test_a_removal_restores_many_configurations(home: Path, files: Files, number: int) -> None:
    check_removal(home, files, number)
