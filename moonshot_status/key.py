"""The API key: from the settings or from a command, and fit to be sent."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from contextlib import suppress
from typing import IO, cast

from moonshot_status import debug, signals
from moonshot_status.account import Secret
from moonshot_status.errors import Kind, ProblemError
from moonshot_status.text import unquoted

COMMAND_SECONDS = 10
_OUTPUT_LIMIT = 1 << 16


def checked(key: str) -> str:
    """The key itself, if a request can be made with it.

    Raises ProblemError (``bad-key``, ``wrong-product``), which never holds the key.
    """
    debug.hide(key)
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ProblemError(
            Kind.BAD_KEY,
            "The API key has characters that no key has",
            "Copy it once more from the console: letters, digits and dashes on one line.",
        )
    if key.lower().startswith("sk-kimi-"):
        raise ProblemError(
            Kind.WRONG_PRODUCT,
            "This is a key of Kimi Code, which has no balance",
            "Make a key of the Open Platform in its console; not one that begins with sk-kimi-.",
        )
    return key


def of(secret: Secret) -> str:
    """The key, from its command if there is one. Raises ProblemError."""
    if secret.key:
        return checked(secret.key)
    key = unquoted(_first_line(secret.command))
    if not key:
        raise _no_key("printed nothing on its first line")
    return checked(key)


def _first_line(command: tuple[str, ...]) -> str:
    """What the command prints first, within its time and with an exit status of 0."""
    # Until it is known what to end, nothing may end this program alone.
    let_through = signals.hold_back()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=let_through,
        )
    except (OSError, ValueError) as error:
        let_through()
        raise _no_key("cannot be started", "Give its full path: bars know few folders.") from error
    output = bytearray()
    pipe = cast("IO[bytes]", process.stdout)
    reader = threading.Thread(target=_read, args=(pipe, output), daemon=True)
    with signals.before_the_end(lambda: _kill(process)):
        let_through()
        try:
            reader.start()
            status = process.wait(COMMAND_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise _no_key(f"did not end within {COMMAND_SECONDS} seconds") from error
        finally:
            _end_if_running(process)
            # A helper that the command leaves behind may hold the pipe open for ever.
            reader.join(0.5)
    if status:
        raise _no_key(f"failed with status {status}")
    return bytes(output).partition(b"\n")[0].decode("utf-8", "replace")


def _read(pipe: IO[bytes], output: bytearray) -> None:
    """Read until the end or the limit, and close the pipe, however late that is."""
    with pipe:
        while len(output) < _OUTPUT_LIMIT and (piece := os.read(pipe.fileno(), 4096)):
            output += piece


def _end_if_running(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _kill(process)
        process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Without waiting: within a signal that came in the middle of a wait, that would never end."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _no_key(what: str, hint: str = "Run it in a terminal to see why.") -> ProblemError:
    return ProblemError(Kind.NO_KEY, f"api_key_command {what}", hint)
