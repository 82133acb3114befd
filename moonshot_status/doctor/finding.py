"""The result of one step: its state, and its sentences."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """The state of a step: ``HINT`` is a warning, ``SKIPPED`` does not apply or was not tried.

    The value is used by ``doctor --json``.
    """

    OK = "ok"
    FAIL = "wrong"
    HINT = "hint"
    SKIPPED = "skipped"

    @property
    def sign(self) -> str:
        """The sign at the beginning of a line in a terminal."""
        return {"ok": "✓", "wrong": "✗", "hint": "!", "skipped": "·"}[self.value]


@dataclass(frozen=True)
class Finding:
    """The result of one step: the fact, and how to fix it if it has to be fixed.

    ``private`` is the end of the fact, such as an amount or an address, that ``--json`` leaves out.
    """

    name: str
    state: State
    fact: str
    fix: str = ""
    private: str = ""


def ok(name: str, fact: str, private: str = "") -> Finding:
    return Finding(name, State.OK, fact, private=private)


def fail(name: str, fact: str, fix: str, private: str = "") -> Finding:
    return Finding(name, State.FAIL, fact, fix, private)


def unreadable(name: str, error: OSError) -> Finding:
    """Return the finding for a file or folder that cannot be read."""
    fix = "Check its owner and permissions, and those of the folders above it."
    return fail(name, f"{error.filename} cannot be read: {error.strerror}", fix)


def hint(name: str, fact: str, fix: str = "", private: str = "") -> Finding:
    return Finding(name, State.HINT, fact, fix, private)


def absent(name: str, fact: str) -> Finding:
    return Finding(name, State.SKIPPED, fact)


def untried(name: str, why: str) -> Finding:
    return Finding(name, State.SKIPPED, f"not tried: {why}")
