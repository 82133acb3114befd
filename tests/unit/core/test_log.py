"""The log of ``--debug``: what it prints, and what it masks."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
from kit.support import KEY

from moonshot_status.core import log

SECRET = 'my\n"secret" ключ'
# How a secret can appear in a traceback or in the text of an exception.
FORMS = (SECRET, repr(SECRET), repr(SECRET.encode()), f"Bearer {SECRET}")
PREFIX = "moonshot-status: "


@pytest.fixture(autouse=True)
def _restore_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(log, "_logger", None)
    monkeypatch.setattr(logging, "raiseExceptions", logging.raiseExceptions)
    monkeypatch.setattr(logging, "lastResort", logging.lastResort)
    yield
    logging.getLogger("moonshot-status").handlers = []


def fail(text: str) -> None:
    """Log the traceback of an exception with that text, and with a cause that has it, too."""
    try:
        raise ValueError(text) from RuntimeError(text)
    except ValueError:
        log.log_traceback()


def test_a_step_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log.turn_on()
    log.log("100 % of it: %s {}")
    assert capsys.readouterr() == ("", f"{PREFIX}100 % of it: %s {{}}\n")


def test_turning_it_on_twice_prints_each_step_once(capsys: pytest.CaptureFixture[str]) -> None:
    log.turn_on()
    log.turn_on()
    log.log("step")
    assert capsys.readouterr().err == f"{PREFIX}step\n"


def test_a_traceback_names_the_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    log.turn_on()
    fail("reason")
    printed = capsys.readouterr().err
    assert printed.startswith(f"{PREFIX}an exception was handled\n")
    assert "RuntimeError: reason\n" in printed
    assert "Traceback (most recent call last)" in printed
    assert printed.endswith("ValueError: reason\n")


@pytest.mark.parametrize("text", FORMS)
@pytest.mark.parametrize("print_it", [log.log, fail])
def test_a_registered_secret_is_masked(
    capsys: pytest.CaptureFixture[str], print_it: object, text: str
) -> None:
    assert callable(print_it)
    log.turn_on()
    print_it(text)
    unmasked = capsys.readouterr().err
    assert "secret" in unmasked, "the control: without its registration the secret is printed"
    log.register_secret(SECRET)
    print_it(text)
    masked = capsys.readouterr().err
    assert "***" in masked
    for leak in ("secret", "ключ"):
        assert leak not in masked


@pytest.mark.parametrize("print_it", [log.log, fail])
def test_what_looks_like_a_key_is_masked_unregistered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, print_it: object
) -> None:
    assert callable(print_it)
    log.turn_on()
    print_it(f"Bearer {KEY}")
    assert "canary" not in capsys.readouterr().err
    monkeypatch.setattr(log, "mask_keys", str)
    print_it(f"Bearer {KEY}")
    assert "canary" in capsys.readouterr().err, "the control: unmasked, the key is printed"


def test_a_secret_that_contains_another_is_masked_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.turn_on()
    for secret in ("abcd", "abcdefgh", ""):
        log.register_secret(secret)
    log.log("abcdefgh")
    log.log("abcd")
    assert capsys.readouterr().err == f"{PREFIX}***\n{PREFIX}***\n"


@pytest.mark.parametrize("name", ["urllib3", "urllib3.connectionpool", "other"])
def test_no_other_logger_prints_anything(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    import urllib3  # noqa: F401 - it configures its logger

    log.turn_on()
    other = logging.getLogger(name)
    # The program has no handlers on the root logger, as pytest has.
    monkeypatch.setattr(logging.root, "handlers", [])
    for level in (logging.DEBUG, logging.WARNING, logging.CRITICAL):
        other.log(level, "canary")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(other, "handlers", [logging.StreamHandler(sys.stderr)])
    other.critical("canary")
    assert "canary" in capsys.readouterr().err, "the control: with a handler it is printed"


OFF = f"""
import sys
from {log.__name__} import log, log_traceback, register_secret
register_secret("secret")
log("step")
try:
    1 / 0
except ZeroDivisionError:
    log_traceback()
assert "logging" not in sys.modules
"""


def test_nothing_is_printed_or_imported_until_it_is_turned_on() -> None:
    done = subprocess.run([sys.executable, "-c", OFF], capture_output=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


CLOSED = f"""
from {log.__name__} import log, turn_on
{{before}}
turn_on()
{{after}}
log("step")
print("done", flush=True)
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import sys; sys.stderr = None", ""),
        ("", "import os; os.close(2)"),
        ("", "import sys; sys.stderr.close()"),
        ("import os; os.dup2(os.open('/dev/full', os.O_WRONLY), 2)", ""),
    ],
)
def test_a_standard_error_that_cannot_be_written_is_no_error(before: str, after: str) -> None:
    script = CLOSED.format(before=before, after=after)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=60)
    assert (done.stdout, done.stderr) == (b"done\n", b"")
