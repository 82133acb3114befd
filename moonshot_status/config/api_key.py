"""The API key: read from settings, standard input or the key command, and validated."""

from __future__ import annotations

import re
from typing import BinaryIO, NamedTuple

from moonshot_status.core import causes, log
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.text import around, character_name, unquoted

COMMAND_SECONDS = 10
MAX_LENGTH = 4096
"""No key is longer than this, in characters."""
_MAX_LINE = 1 << 16
# What JSON, messages, prompts, addresses and assignments have, and no key; a bearer token ends with
# "=" or has none.
_IN_NO_KEY = re.compile(r"[^\x21-\x7e]|[\[\]{}<>\",\\]|:(?=//|\Z)|=(?=[^=])")
# A key with its name or anything else in front of it; ``a-task-1`` has none.
_IN_FRONT = re.compile(r"(?!sk-)[\t\x20-\x7e]*?[\t\x20-,/:-@[-^`{-~](?=sk-)", re.IGNORECASE)
# A short word without a digit is none either, such as null or Locked.
_LIKE_A_KEY = re.compile(r"sk-|.*\d|.{20}", re.IGNORECASE)


class WrittenKey(NamedTuple):
    """A key, and the names of what was ignored around it, such as "quotes and spaces"."""

    key: str
    ignored: str = ""


def note(place: str, ignored: str) -> str:
    """Return a remark on what is ignored around a key; empty if that is nothing."""
    return f"{place} has {ignored} around it, which are ignored" if ignored else ""


def read(text: str) -> WrittenKey:
    """Read a key as it is written anywhere; it is empty if there is none."""
    return WrittenKey(unquoted(text), around(text))


def read_stdin(stdin: BinaryIO | None) -> WrittenKey:
    """Read the key on the first line of standard input. Raises ProblemError as ``validated``."""
    line = stdin.readline(_MAX_LINE) if stdin else b""
    if len(line) == _MAX_LINE:
        raise ProblemError(causes.KEY_TOO_LONG, limit=MAX_LENGTH)
    written = read(_first_line(line))
    if not written.key:
        raise ProblemError(causes.KEY_INPUT_EMPTY)
    validated(written.key)
    return written


def validated(key: str) -> str:
    """Return the key if a request can be made with it.

    Raises ProblemError (``no-key``, ``bad-key``, ``wrong-product``), which never contains the key.
    """
    log.register_secret(key)
    if not key:
        raise ProblemError(causes.KEY_BLANK)
    if len(key) > MAX_LENGTH:
        raise ProblemError(causes.KEY_TOO_LONG, limit=MAX_LENGTH)
    in_front, other = _IN_FRONT.match(key), _IN_NO_KEY.search(key)
    if in_front:
        raise ProblemError(causes.TEXT_BEFORE_KEY, position=in_front.end() + 1)
    if other:
        name = character_name(other[0])
        raise ProblemError(causes.INVALID_CHARACTER, character=name, position=other.start() + 1)
    if _is_of_kimi_code(key):
        raise ProblemError(causes.KIMI_CODE_KEY)
    return key


def resolve(secret: Secret) -> str:
    """Return the key, running the key command if there is one. Raises ProblemError."""
    if secret.key:
        return validated(secret.key)
    return read_command(secret.command).key


def read_command(command: tuple[str, ...]) -> WrittenKey:
    """Read the key on the first line that the key command prints. Raises ProblemError."""
    written = read(_first_line(_output(command)))
    _check_output(written.key)
    log.register_secret(written.key)
    return written


def _check_output(line: str) -> None:
    """Raise ProblemError if the line that the key command printed is no key."""
    if not line:
        raise ProblemError(causes.KEY_COMMAND_SILENT)
    if _is_of_kimi_code(line):
        raise ProblemError(causes.KEY_COMMAND_KIMI_CODE)
    reason, in_front, other = "", _IN_FRONT.match(line), _IN_NO_KEY.search(line)
    if in_front:
        reason = f"with sk- at position {in_front.end() + 1}, not at its beginning"
    elif other:
        reason = f"with {character_name(other[0])} at position {other.start() + 1}"
    elif len(line) > MAX_LENGTH:
        reason = "that is longer than any key"
    elif not _LIKE_A_KEY.match(line):
        reason = "that does not begin with sk-"
    if reason:
        raise ProblemError(causes.KEY_COMMAND_NO_KEY, length=len(line), reason=reason)


def _is_of_kimi_code(key: str) -> bool:
    return key.lower().startswith("sk-kimi-")


def _first_line(raw: bytes) -> str:
    return raw.partition(b"\n")[0].decode("utf-8", "replace")


def _output(command: tuple[str, ...]) -> bytes:
    """Return the command's output. Raises ProblemError of kind ``no-key``."""
    import subprocess

    from moonshot_status.core import process

    try:
        finished = process.run(command, COMMAND_SECONDS)
    except (OSError, ValueError) as error:
        raise ProblemError(causes.KEY_COMMAND_NOT_STARTED) from error
    except subprocess.TimeoutExpired as error:
        raise ProblemError(causes.KEY_COMMAND_TIMEOUT, seconds=COMMAND_SECONDS) from error
    if finished.status:
        raise ProblemError(causes.KEY_COMMAND_FAILED, status=finished.status)
    return finished.output
