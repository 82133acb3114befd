"""The API key: taken from the settings or from the key command, and validated."""

from __future__ import annotations

import re

from moonshot_status.core import causes, log
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.text import unquoted

COMMAND_SECONDS = 10


def validated(key: str) -> str:
    """Return the key if a request can be made with it.

    Raises ProblemError (``bad-key``, ``wrong-product``), which never contains the key.
    """
    log.register_secret(key)
    if not re.fullmatch(r"[\x21-\x7e]+", key):
        raise ProblemError(causes.INVALID_KEY)
    if key.lower().startswith("sk-kimi-"):
        raise ProblemError(causes.KIMI_CODE_KEY)
    return key


def resolve(secret: Secret) -> str:
    """Return the key, running the key command if there is one. Raises ProblemError."""
    if secret.key:
        return validated(secret.key)
    key = unquoted(_first_line(secret.command))
    if not key:
        raise ProblemError(causes.KEY_COMMAND_SILENT)
    return validated(key)


def _first_line(command: tuple[str, ...]) -> str:
    """Return the first line of the command's output. Raises ProblemError of kind ``no-key``."""
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
    return finished.output.partition(b"\n")[0].decode("utf-8", "replace")
