"""Errors on the command line, each of which ends with the next step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.text import escaped, mask_keys

_DOCTOR = "Next: moonshot-status doctor"


class Failure(click.ClickException):
    """An error message of several lines; empty ones are left out, and the last is the next step.

    What is not printable in it is escaped.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__(escaped("\n".join(line for line in lines if line)))


def from_problem(problem: Problem) -> Failure:
    """Return the error to raise for a problem that ends the program."""
    return Failure(f"{problem.message}.", problem.hint, problem.next_step)


def unknown_account(message: str) -> click.BadParameter:
    """Return the error to raise for an account that does not exist."""
    return click.BadParameter(message, param_hint="'--account'")


class WrongUsage(click.UsageError):
    """Wrong usage as click reports it, but with the reference to the help at the end."""

    def show(self, file: IO[Any] | None = None) -> None:
        path = "moonshot-status"
        if self.ctx is not None:
            path = self.ctx.command_path
            click.echo(self.ctx.get_usage(), file=file, err=True, color=self.ctx.color)
        click.echo(f"Error: {self.format_message()}", file=file, err=True)
        click.echo(f"Next: {path} --help", file=file, err=True)


@contextmanager
def with_next_step() -> Iterator[None]:
    """Make click's errors and errors of the file system end with a next step.

    Help that click prints in place of an error, for a missing subcommand, is left as it is.
    """
    try:
        yield
    except (Failure, WrongUsage):
        raise
    except click.UsageError as error:
        if type(error).show is not click.UsageError.show:
            raise
        raise WrongUsage(escaped(mask_keys(error.format_message())), error.ctx) from error
    except click.ClickException as error:
        raise Failure(mask_keys(error.format_message()), _DOCTOR) from error
    except OSError as error:
        if not isinstance(error.filename, (str, bytes, os.PathLike)):
            raise
        message = f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}."
        raise Failure(mask_keys(message), _DOCTOR) from error


@contextmanager
def problems_as_click_errors() -> Iterator[None]:
    """Turn a ProblemError into an error that ends the program."""
    try:
        yield
    except ProblemError as error:
        raise from_problem(error.problem) from error
