"""What one check found, already worded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """``HINT`` is no fault but worth knowing; ``SKIPPED`` is what was not there or not tried."""

    OK = "ok"
    FAIL = "wrong"
    HINT = "hint"
    SKIPPED = "skipped"

    @property
    def sign(self) -> str:
        return {"ok": "✓", "wrong": "✗", "hint": "!", "skipped": "·"}[self.value]


@dataclass(frozen=True)
class Finding:
    """One step: what is so, and how to mend it where it should be mended.

    ``private`` belongs to the fact, but is for the user's own eyes: amounts and addresses.
    """

    name: str
    state: State
    fact: str
    fix: str = ""
    private: str = ""


def ok(name: str, fact: str, private: str = "") -> Finding:
    return Finding(name, State.OK, fact, private=private)


def fail(name: str, fact: str, mend: str, private: str = "") -> Finding:
    return Finding(name, State.FAIL, fact, mend, private)


def hint(name: str, fact: str, mend: str = "") -> Finding:
    return Finding(name, State.HINT, fact, mend)


def absent(name: str, fact: str) -> Finding:
    return Finding(name, State.SKIPPED, fact)


def untried(name: str, why: str) -> Finding:
    return Finding(name, State.SKIPPED, f"not tried: {why}")
