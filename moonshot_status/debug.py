"""What ``--debug`` tells on standard error, with every known secret masked."""

from __future__ import annotations

import sys
import traceback
from contextlib import suppress

from moonshot_status.text import without_keys

_secrets: set[str] = set()
_on = False


def turn_on() -> None:
    global _on
    _on = True


def hide(secret: str) -> None:
    """From now on this text is masked wherever it turns up."""
    if secret:
        _secrets.add(secret)


def say(step: str) -> None:
    """Tell one step, if anybody wants to know."""
    _write(f"moonshot-status: {step}\n")


def show_traceback() -> None:
    """The exception that is being handled, if anybody wants to know."""
    _write(traceback.format_exc())


def _write(text: str) -> None:
    if _on and sys.stderr is not None:
        with suppress(OSError, ValueError):
            sys.stderr.write(masked(text))
            sys.stderr.flush()


def masked(text: str) -> str:
    """The text without the secrets that are known, and without what looks like a key."""
    for secret in sorted(_secrets, key=len, reverse=True):
        for form in (secret, repr(secret)[1:-1], repr(secret.encode("utf-8", "replace"))[2:-1]):
            text = text.replace(form, "***")
    return without_keys(text)
