"""The manual page, made of the texts of the command line and of the README.

``PYTHONPATH=tests python -m kit.manpage`` writes it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click

from moonshot_status import __version__, schemas
from moonshot_status.cli.main import main

REPOSITORY = Path(__file__).parents[2]
PAGE = REPOSITORY / "moonshot_status" / "man" / "moonshot-status.1"
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
NAME = "moonshot-status"
FILES = {
    "~/.config/moonshot-status/config.json": "The settings, unless --config names another file. On "
    "macOS it is ~/Library/Application Support/moonshot-status/config.json.",
    "~/.local/state/moonshot-status/balance.db": "Every reading, and the last attempt.",
    "~/.cache/moonshot-status": "What can be thrown away at any time.",
    "~/.config/codexbar/config.json": "CodexBar's settings, which are only ever read.",
}

CONDITIONS = {
    "MOONSHOT_BASE_URL": "It applies only to a key from the environment; with any other key it is "
    "ignored.",
}


def page() -> str:
    """The page in roff, the same for the same texts."""
    context = click.Context(main, info_name=NAME, **main.context_settings)
    lines = [
        f'.TH {NAME.upper()} 1 "" "{NAME} {__version__}"',
        ".SH NAME",
        rf"{roff(NAME)} \- {roff(first_line(main))}",
        ".SH SYNOPSIS",
        *synopsis(context),
        ".SH DESCRIPTION",
        *paragraphs(README.partition("\n\n")[2].partition("\n\n")[0]),
        ".SH OPTIONS",
        *options(context),
        ".SH COMMANDS",
        *commands(context),
        ".SH EXIT STATUS",
        *paragraphs(exit_statuses()),
        ".SH SETTINGS",
        *settings(),
        ".SH ENVIRONMENT",
        *environment(),
        ".SH FILES",
        *(line for name, text in FILES.items() for line in entry(name, text)),
        ".SH DIAGNOSTICS",
        *(line for row in table("problem") for line in entry(row[0], f"{row[1]}: {row[2]}.")),
    ]
    return "\n".join(lines) + "\n"


def synopsis(context: click.Context) -> Iterator[str]:
    words = context.command.collect_usage_pieces(context)
    yield f".B {roff(context.command_path)}"
    yield roff(" ".join(words))


def options(context: click.Context) -> Iterator[str]:
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        is_help = context.parent and "--help" in parameter.opts
        if record and isinstance(parameter, click.Option) and not is_help:
            yield from entry(*record)


def commands(context: click.Context) -> Iterator[str]:
    group = context.command
    assert isinstance(group, click.Group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        own = click.Context(command, info_name=name, parent=context)
        words = " ".join(command.collect_usage_pieces(own)).removeprefix("[OPTIONS]").strip()
        yield f".SS {roff(f'{own.command_path} {words}'.strip())}"
        yield from paragraphs(inspect.cleandoc(command.help or ""))
        yield from options(own)
        if isinstance(command, click.Group):
            yield from commands(own)


def exit_statuses() -> str:
    """The paragraphs of the README between the help and what is said of completion."""
    section = README.partition("\n## Command line\n")[2].partition("\n## ")[0]
    return section.split("```\n")[1].partition("Completion for")[0].strip()


def settings() -> Iterator[str]:
    described = {}
    definitions = schemas.load("config")["$defs"]
    for name, schema in definitions.items():
        described[name] = schema.get("description", "")
        for inner, own in schema.get("properties", {}).items():
            reference = own.get("$ref", "").rpartition("/")[2]
            text = own.get("description") or definitions.get(reference, {}).get("description", "")
            described[f"{name}.{inner}"] = text
    for meaning, _, place, _, default in table("setting"):
        found = re.match(r"`([a-z_.]+)`", place)
        if found and found[1] in described:
            ending = "" if default == "–" else f" The default is {default}."
            yield from entry(found[1], f"{sentence(meaning)} It is {described[found[1]]}.{ending}")


def environment() -> Iterator[str]:
    for meaning, _, _, variables, _ in table("setting"):
        for variable in re.findall(r"`(\w+)`", variables):
            text = f"{sentence(meaning)} {CONDITIONS.get(variable, '')}"
            yield from entry(variable, text)


def table(first: str) -> list[list[str]]:
    """The rows of the README's table whose first column is called so."""
    lines = README.partition(f"\n| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def entry(term: str, text: str) -> list[str]:
    return [".TP", f".B {roff(term)}", roff(text)]


def paragraphs(text: str) -> Iterator[str]:
    yield from "\n.PP\n".join(roff(paragraph) for paragraph in text.split("\n\n")).split("\n")


def sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


def first_line(command: click.Command) -> str:
    return command.get_short_help_str(200).removesuffix(".")


def roff(text: str) -> str:
    """Text on one line, in which nothing is a request; what is code in Markdown is bold."""
    escaped = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    escaped = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", escaped)
    escaped = re.sub(r"`([^`]+)`", r"\\fB\1\\fP", escaped)
    escaped = "".join(char if char.isascii() else rf"\[u{ord(char):04X}]" for char in escaped)
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="ascii")
