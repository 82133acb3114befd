"""The log that ``--debug`` prints on standard error, with secrets masked.

``logging`` is imported when the log is turned on: no other run needs it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from moonshot_status.core.text import escaped, mask_keys

if TYPE_CHECKING:
    import logging

_NAME = "moonshot-status"
_secrets: set[str] = set()
_logger: logging.Logger | None = None


def turn_on() -> None:
    """Print the log from now on."""
    global _logger
    import logging

    class MaskingFilter(logging.Filter):
        """Masks secrets in the message and in the traceback of a record."""

        def filter(self, record: logging.LogRecord) -> bool:
            record.msg, record.args = escaped(masked(record.getMessage())), None
            if record.exc_info:
                traceback = logging.Formatter().formatException(record.exc_info)
                record.exc_text, record.exc_info = escaped(masked(traceback)), None
            return True

    logging.raiseExceptions = False  # Standard error may be closed.
    logging.lastResort = None  # Warnings of other loggers would be printed unmasked.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(f"{_NAME}: %(message)s"))
    handler.addFilter(MaskingFilter())
    _logger = logging.getLogger(_NAME)
    _logger.handlers = [handler]
    _logger.propagate = False
    _logger.setLevel(logging.DEBUG)


def register_secret(secret: str) -> None:
    """Mask this text from now on, wherever it appears in the log."""
    if secret:
        _secrets.add(secret)


def log(step: str) -> None:
    """Log one step."""
    if _logger:
        _logger.debug("%s", step)


def log_traceback() -> None:
    """Log the exception that is being handled."""
    if _logger:
        _logger.debug("an exception was handled", exc_info=True)


def masked(text: str) -> str:
    """Return the text without registered secrets, and without anything that looks like a key."""
    for secret in sorted(_secrets, key=len, reverse=True):
        for form in (secret, repr(secret)[1:-1], repr(secret.encode("utf-8", "replace"))[2:-1]):
            text = text.replace(form, "***")
    return mask_keys(text)
