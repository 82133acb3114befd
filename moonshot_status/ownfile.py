"""The program's own settings file, ``config.json``."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moonshot_status import __version__, folders, strictjson
from moonshot_status.errors import Kind, ProblemError
from moonshot_status.text import one_line, unquoted

if TYPE_CHECKING:
    from moonshot_status.schemas import Mismatch

_SIZE_LIMIT = 1 << 20
_REMEMBERED = 16
# Quotes and blanks at its ends are meant.
_FREE_TEXT = "template"


@dataclass(frozen=True)
class Found:
    """A value, and the place where it stands."""

    value: Any
    place: str = "default"


@dataclass(frozen=True)
class OwnFile:
    """The settings of one valid file, blank values left out; empty if there is no file."""

    path: Path
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def accounts(self) -> dict[str, dict[str, Any]]:
        accounts: dict[str, dict[str, Any]] = self.settings.get("accounts", {})
        return accounts

    def find(self, account: str, name: str) -> Found | None:
        """A setting of the account, else the general one; a dot leads into an object."""
        own = _inside(self.accounts.get(account, {}), name)
        if own is not None:
            return Found(own, f"accounts.{account}.{name} in {self.path}")
        general = _inside(self.settings, name)
        return None if general is None else Found(general, f"{name} in {self.path}")


def _inside(settings: dict[str, Any], name: str) -> Any:
    group, _, rest = name.partition(".")
    value = settings.get(group)
    return _inside(value or {}, rest) if rest else value


def default_path() -> Path:
    return folders.config_folder() / "config.json"


def read(path: Path, *, required: bool = False) -> OwnFile:
    """Read and check the file. Raises ProblemError of kind ``config``."""
    try:
        raw = read_bytes(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        if required:
            raise _problem(path, "is not there") from error
        return OwnFile(path)
    except OSError as error:
        raise _problem(path, f"cannot be read: {error.strerror}") from error
    return parse(path, raw)


@lru_cache(maxsize=1)
def parse(path: Path, raw: bytes) -> OwnFile:
    """Check what stands, or is to stand, in the file. Raises ProblemError of kind ``config``.

    It is done once, however many accounts are looked up in the same bytes.
    """
    document = unchecked(path, raw)
    _check(path, raw, document)
    return OwnFile(path, document)


def unchecked(path: Path, raw: bytes) -> Any:
    """The file's content, which no schema has seen yet. Raises ProblemError."""
    try:
        return _without_blanks(strictjson.loads(raw))
    except (ValueError, RecursionError) as error:
        raise _problem(path, f"is not valid JSON: {error}") from error


def mistake(path: Path, mismatch: Mismatch) -> ProblemError:
    """For a value that the schema does not allow; it is not repeated."""
    place = one_line(mismatch.place, 120) or "the whole of it"
    return _problem(path, f"has a mistake at {place}: allowed is {mismatch.wanted}")


def read_bytes(path: Path) -> bytes:
    """The file's first mebibyte. Raises OSError."""
    with open(path, "rb") as file:
        return file.read(_SIZE_LIMIT)


def _problem(path: Path, what: str) -> ProblemError:
    return ProblemError(
        Kind.CONFIG, one_line(f"{path} {what}"), "Correct the file; the README lists every setting."
    )


def _check(path: Path, raw: bytes, document: Any) -> None:
    """Check against the schema, unless the same bytes were found valid before."""
    digest = hashlib.sha256(__version__.encode() + b"\0" + raw).hexdigest()
    marks = folders.cache_folder() / "valid-settings"
    if digest in _marked(marks):
        return
    from moonshot_status import schemas

    mismatch = schemas.mismatch(document, "config")
    if mismatch:
        raise mistake(path, mismatch)
    _mark(marks, digest)


def _marked(marks: Path) -> list[str]:
    try:
        return marks.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


def _mark(marks: Path, digest: str) -> None:
    kept = "\n".join([*_marked(marks), digest][-_REMEMBERED:])
    # Where it fails nothing is lost: the file is checked again next time.
    with suppress(OSError):
        folders.write_privately(marks, kept.encode("ascii"))


def _without_blanks(settings: Any) -> Any:
    """The settings with bare words, and without those that are blank: they count as unset."""
    if not isinstance(settings, dict):
        return settings
    cleaned = {}
    for name, value in settings.items():
        if isinstance(value, str) and name != _FREE_TEXT:
            value = unquoted(value)
        elif name == "accounts" and isinstance(value, dict):
            value = {account: _without_blanks(own) for account, own in value.items()}
        if value != "":
            cleaned[name] = value
    return cleaned
