"""The subcommands, one module each: its name is the word on the command line.

To add one, write ``NAME.py`` here with a click command called ``command``. What it needs beyond
click it imports when it runs: ``--help`` imports every one of them.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from typing import Any

import click

from moonshot_status.cli import errors

# Set by the shells' completion, which click answers in place of the command line.
COMPLETE = "_MOONSHOT_STATUS_COMPLETE"


class Commands(click.Group):
    """A group whose commands are the modules of this folder."""

    def main(self, *args: Any, **more: Any) -> Any:
        if COMPLETE in os.environ:
            from moonshot_status.cli import completion

            completion.use_own_fish_script()
        return super().main(*args, **more)

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        with errors.with_next_step():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        with errors.with_next_step():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(module.name for module in pkgutil.iter_modules(__path__))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{__name__}.{name}").command
        return command


def apply_global_options(params: dict[str, Any]) -> None:
    """Refuse general options that contradict each other, and begin to tell every step if asked."""
    if params["hide_amount"] and params["format"] == "json":
        raise click.UsageError("--hide-amount is for bars: json holds the amounts.")
    if params["debug"]:
        from moonshot_status.core import log

        log.turn_on()
