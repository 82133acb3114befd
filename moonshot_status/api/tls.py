"""TLS: the settings of this machine, and the problem with a handshake that failed."""

from __future__ import annotations

import ssl

from moonshot_status.core import causes
from moonshot_status.core.errors import ProblemError

CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The errors of a connection that is closed during the handshake."""


def make_context() -> ssl.SSLContext:
    """Return the context with which servers are verified. Raises ProblemError."""
    try:
        return ssl.create_default_context()
    except OSError as error:
        raise ProblemError(causes.TLS_SETTINGS) from error


def is_failure(error: BaseException) -> bool:
    """Return whether the error is one of TLS, and not of a connection that was closed."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, CUT_OFF)


def problem(error: BaseException, host: str) -> ProblemError:
    """Return the problem with the handshake with the host."""
    return ProblemError(causes.TLS_FAILED, host=host)
