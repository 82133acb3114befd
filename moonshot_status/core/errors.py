"""Problems: their kinds, with a label, a next step and a backoff for each kind.

The sentences are in ``core/causes``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from moonshot_status.core.text import one_line

_DOCTOR = "moonshot-status doctor"
_SET_KEY = "moonshot-status config set-key"
_OPEN = "moonshot-status open"
_MINUTE = 60
_HOUR = 60 * _MINUTE
_MAX_HINT_LENGTH = 400


class Kind(Enum):
    """The kinds of problem. The value is used in JSON, style sheets and the store.

    Each row has the label for the bar (two words at most), the command that helps most, the first
    and the longest backoff in seconds (0: no backoff), whether the network is the cause, and by
    which factor the backoff grows.
    """

    NO_KEY = "no-key", "no key", _SET_KEY
    BAD_KEY = "bad-key", "unusable key", _SET_KEY
    WRONG_PRODUCT = "wrong-product", "wrong product", _SET_KEY
    CONFIG = "config", "bad settings", "moonshot-status config validate"
    OFFLINE = "offline", "offline", _DOCTOR, 5, _MINUTE, True
    TIMEOUT = "timeout", "no answer", _DOCTOR, 15, 5 * _MINUTE, True
    TLS = "tls", "TLS failed", _DOCTOR, _MINUTE, 30 * _MINUTE, True
    PROXY = "proxy", "proxy failed", _DOCTOR, 30, 10 * _MINUTE, True
    REDIRECTED = "redirected", "redirected", _DOCTOR, _MINUTE, 10 * _MINUTE, True
    BAD_RESPONSE = "bad-response", "bad answer", _DOCTOR, _MINUTE, 30 * _MINUTE, True
    API_ERROR = "api-error", "API error", _DOCTOR, _MINUTE, 30 * _MINUTE
    UNAUTHORIZED = "unauthorized", "key rejected", _SET_KEY, _HOUR, 24 * _HOUR, False, 6
    SUSPENDED = "suspended", "suspended", _OPEN, 30 * _MINUTE, 30 * _MINUTE
    FORBIDDEN = "forbidden", "not allowed", _OPEN, 30 * _MINUTE, 30 * _MINUTE
    NOT_FOUND = "not-found", "not found", _DOCTOR, 10 * _MINUTE, 30 * _MINUTE
    RATE_LIMITED = "rate-limited", "rate limited", _DOCTOR, _MINUTE, _HOUR
    SERVER_ERROR = "server-error", "server error", _DOCTOR, 15, 30 * _MINUTE
    STORE = "store", "not kept", _DOCTOR
    INTERNAL = "internal", "internal error", "moonshot-status --debug", _MINUTE, 30 * _MINUTE

    def __new__(cls, name: str, *_: object) -> Kind:
        kind = object.__new__(cls)
        kind._value_ = name
        return kind

    def __init__(
        self, _: str, label: str = "", command: str = "",
        first_backoff: int = 0, max_backoff: int = 0, is_network: bool = False, growth: int = 2,
    ) -> None:  # fmt: skip
        # The defaults let type checkers accept ``Kind(name)``.
        self.label, self.command = label, command
        self.first_backoff, self.max_backoff = first_backoff, max_backoff
        self.is_network, self.growth = is_network, growth

    @property
    def next_step(self) -> str:
        """The next step for a problem of this kind, unless its cause or its key has another."""
        return f"Next: {self.command}"


@dataclass(frozen=True)
class Cause:
    """The sentences for one cause of a problem, with named fields in braces for its facts.

    ``message`` says what happened and ``hint`` what to do; a hint may name the place of the key, as
    ``{key}``. ``next_step`` is what helps most, if it is not the command of the kind.
    """

    kind: Kind
    message: str
    hint: str = ""
    next_step: str = ""


@dataclass(frozen=True)
class KeyPlace:
    """Where a key comes from, as sentences name it, and the next step if it is the wrong key."""

    name: str = "the key"
    next_step: str = _SET_KEY


Fact = str | int | float
Facts = tuple[tuple[str, Fact], ...]


@dataclass(frozen=True)
class Problem:
    """A problem: its cause, and the facts that complete the sentences of the cause.

    No fact contains a key or a text that a server wrote. ``retry_after`` is the wait in seconds
    that the server asked for, or None. ``origin`` is the setting that the problem is in, if the
    facts do not name it. ``also`` is a second problem at the same time, shown in the hint.
    ``key_place`` is where the key comes from.
    """

    cause: Cause
    facts: Facts = ()
    retry_after: int | None = None
    origin: str = ""
    also: Problem | None = None
    key_place: KeyPlace = KeyPlace()

    @property
    def kind(self) -> Kind:
        """The kind of the cause."""
        return self.cause.kind

    @property
    def message(self) -> str:
        """The sentence about what happened, on one line."""
        message = self.cause.message.format_map(dict(self.facts))
        return one_line(f"{self.origin}: {message}" if self.origin else message)

    @property
    def hint(self) -> str:
        """The sentence about what to do, on one line; may be empty."""
        hint = self.cause.hint.format_map({"key": self.key_place.name, **dict(self.facts)})
        if self.also:
            hint = f"{hint} {self.also.sentences}".strip()
        return one_line(hint, _MAX_HINT_LENGTH)

    @property
    def place(self) -> str:
        """The setting, variable or file that the problem is in."""
        facts = dict(self.facts)
        return str(self.origin or facts.get("origin") or facts.get("path", "the settings"))

    @property
    def next_step(self) -> str:
        """The last line of an error in a terminal: what helps most, and where."""
        step = self.cause.next_step.format_map(dict(self.facts)) or self.kind.command
        if step == _SET_KEY:
            step = self.key_place.next_step
        return one_line(f"Next: {step}", _MAX_HINT_LENGTH)

    @property
    def sentences(self) -> str:
        """The message and the hint in one text."""
        return f"{self.message}. {self.hint}".strip()

    def followed_by(self, other: Problem) -> Problem:
        """Return the problem with the other one in its hint, after those that are there."""
        return replace(self, also=self.also.followed_by(other) if self.also else other)

    def check(self) -> None:
        """Raise ValueError if a fact is missing or has the wrong type."""
        try:
            _ = self.message, self.hint, self.next_step
        except (KeyError, IndexError, AttributeError, TypeError) as error:
            raise ValueError("facts do not fit the cause") from error


def generic_cause(kind: Kind) -> Cause:
    """Return a cause for a problem without a cause of its own; its message is the label."""
    return Cause(kind, f"{kind.label[0].upper()}{kind.label[1:]}")


class ProblemError(Exception):
    """Carries a Problem to the code that shows it."""

    def __init__(self, cause: Cause, *, retry_after: int | None = None, **facts: Fact) -> None:
        self.problem = Problem(cause, tuple(facts.items()), retry_after)
        super().__init__(self.problem.message)
