"""Errors that end a command."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from moonshot_status.cli import errors


@pytest.mark.parametrize("path", ["/x/a\x1b[31m", b"/x/a\x1b[31m", Path("/x/a\x1b[31m")])
def test_an_error_of_the_file_system_names_the_path_and_a_next_step(path: object) -> None:
    with pytest.raises(errors.Failure) as caught, errors.with_next_step():
        raise PermissionError(13, "Permission denied", path)
    assert caught.value.format_message() == (
        "/x/a\\x1b[31m cannot be used: Permission denied.\nNext: moonshot-status doctor"
    )


@pytest.mark.parametrize("error", [OSError(5, "broken"), OSError(5, "broken", 1), ValueError()])
def test_another_error_is_left_to_the_program(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, errors.with_next_step():
        raise error
    assert caught.value is error


def test_an_error_of_click_gets_a_next_step() -> None:
    with pytest.raises(errors.Failure, match="Next: moonshot-status doc"), errors.with_next_step():
        raise click.ClickException("broken")
