"""The subcommands, one module each, named like the subcommand.

To add one, write ``NAME.py`` here with a click command called ``command``. It imports what it needs
beyond click when it runs, because ``--help`` imports every subcommand.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from typing import Any

import click

from moonshot_status.cli import errors

COMPLETION_VARIABLE = "_MOONSHOT_STATUS_COMPLETE"


class Commands(click.Group):
    """A group whose commands are the modules of this package."""

    def main(self, *args: Any, **more: Any) -> Any:
        if COMPLETION_VARIABLE in os.environ:
            from moonshot_status.cli import completion

            completion.register_fish()
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
    """Turn on the log for --debug. Raises click's usage error for contradictory options."""
    if params["hide_amount"] and params["format"] == "json":
        raise click.UsageError("--hide-amount is for bars: json holds the amounts.")
    if params["demo"] and params["account"] is not None:
        from moonshot_status.polling import demo

        if params["account"] != demo.ACCOUNT:
            raise errors.unknown_account(f"the demo has one account: {demo.ACCOUNT}")
    if params["debug"]:
        from moonshot_status.core import log

        log.turn_on()
