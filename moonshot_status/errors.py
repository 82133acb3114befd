"""Everything that can go wrong, by name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The kinds of problem; the value is what ``json`` and style sheets see."""

    NO_KEY = "no-key"
    BAD_KEY = "bad-key"
    WRONG_PRODUCT = "wrong-product"
    CONFIG = "config"
    OFFLINE = "offline"
    TIMEOUT = "timeout"
    TLS = "tls"
    PROXY = "proxy"
    REDIRECTED = "redirected"
    BAD_RESPONSE = "bad-response"
    API_ERROR = "api-error"
    UNAUTHORIZED = "unauthorized"
    SUSPENDED = "suspended"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not-found"
    RATE_LIMITED = "rate-limited"
    SERVER_ERROR = "server-error"
    STORE = "store"
    INTERNAL = "internal"

    @property
    def label(self) -> str:
        """Two words at most, for the bar itself."""
        return _LABELS.get(self, self.value.replace("-", " "))

    @property
    def next_step(self) -> str:
        """The command that helps most, for the last line in a terminal."""
        return f"Next: {_COMMANDS.get(self, 'moonshot-status doctor')}"


_LABELS = {
    Kind.BAD_KEY: "unusable key",
    Kind.CONFIG: "bad settings",
    Kind.TIMEOUT: "no answer",
    Kind.TLS: "TLS failed",
    Kind.PROXY: "proxy failed",
    Kind.BAD_RESPONSE: "bad answer",
    Kind.API_ERROR: "API error",
    Kind.UNAUTHORIZED: "key rejected",
    Kind.FORBIDDEN: "not allowed",
    Kind.STORE: "not kept",
    Kind.INTERNAL: "internal error",
}
# What to run; where nothing stands here, the doctor finds the step that fails.
_COMMANDS = {
    Kind.NO_KEY: "moonshot-status config set-key",
    Kind.BAD_KEY: "moonshot-status config set-key",
    Kind.WRONG_PRODUCT: "moonshot-status config set-key",
    Kind.CONFIG: "moonshot-status config validate",
    Kind.UNAUTHORIZED: "moonshot-status config set-key",
    Kind.SUSPENDED: "moonshot-status open",
    Kind.FORBIDDEN: "moonshot-status open",
    Kind.INTERNAL: "moonshot-status --debug",
}


@dataclass(frozen=True)
class Problem:
    """One thing that went wrong, already worded.

    ``message`` says what happened and ``hint`` what to do; neither ever holds a key or anything
    that a server wrote. ``told`` is the wait in seconds that the server asked for, if it did.
    """

    kind: Kind
    message: str
    hint: str = ""
    told: int | None = None


class ProblemError(Exception):
    """Carries a Problem from where it arises to where it is shown."""

    def __init__(self, kind: Kind, message: str, hint: str = "", told: int | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(kind, message, hint, told)
