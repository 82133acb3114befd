"""The manual page is the one that today's texts make, and every reader of manuals takes it."""

from __future__ import annotations

import re
import shutil
import subprocess

import click
import pytest
from kit import manpage

from moonshot_status.cli.main import main
from moonshot_status.core.errors import Kind

TEXT = manpage.PAGE.read_text(encoding="ascii")
PLAIN = TEXT.replace(r"\-", "-")


def test_the_page_is_up_to_date() -> None:
    assert manpage.page() == TEXT, "run PYTHONPATH=tests python -m kit.manpage"


def every_command(context: click.Context) -> list[click.Context]:
    found = [context]
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            found += every_command(click.Context(command, info_name=name, parent=context))
    return found


def test_it_has_every_command_and_option() -> None:
    for context in every_command(click.Context(main, info_name=manpage.NAME)):
        assert re.search(rf"^\.(B|SS) {context.command_path}\b", PLAIN, re.MULTILINE)
        for parameter in context.command.params:
            for name in parameter.opts:
                assert name in PLAIN or name.upper() in PLAIN


@pytest.mark.parametrize("section", ["EXIT STATUS", "FILES", "ENVIRONMENT", "SETTINGS"])
def test_it_has_what_a_page_needs(section: str) -> None:
    body = TEXT.partition(f".SH {section}\n")[2].partition(".SH ")[0]
    assert body.count("\n") >= 3


def test_it_names_every_kind_of_problem_and_every_variable() -> None:
    assert all(kind.value in PLAIN for kind in Kind)
    for variable in ("MOONSHOT_API_KEY", "MOONSHOT_REGION", "CODEXBAR_CONFIG", "NO_PROXY"):
        assert f".B {variable}\n" in TEXT


@pytest.mark.parametrize(
    "command",
    [
        ["groff", "-man", "-Tutf8", "-ww", "-z"],
        # A date would change with the day on which the page is made.
        ["mandoc", "-T", "lint", "-W", "warning"],
    ],
    ids=lambda command: command[0],
)
def test_a_manual_formatter_gives_no_warning(command: list[str]) -> None:
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [*command, str(manpage.PAGE)], capture_output=True, check=False, text=True
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if "missing date" not in line]
    assert said == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".SH evil", r"\&.SH evil"),
        ("'br", r"\&'br"),
        (r"a\b-c", r"a\eb\-c"),
        ("`code` and [a link](x.md)", r"\fBcode\fP and a link"),
        ("¥7 – x", r"\[u00A5]7 \[u2013] x"),
        ("two\n  lines", "two lines"),
    ],
)
def test_no_text_is_a_request(text: str, expected: str) -> None:
    assert manpage.roff(text) == expected
