"""The program's own settings file, ``config.json``."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moonshot_status import __version__
from moonshot_status.config import file_trust
from moonshot_status.config.file_trust import Access
from moonshot_status.core import causes, paths, safe_read, strict_json
from moonshot_status.core.atomic_write import write_private
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.text import one_line, unquoted

if TYPE_CHECKING:
    from moonshot_status.schemas import Mismatch

_MAX_VALID_FILES = 16
# The setting that keeps quotes and blanks at its ends.
FREE_TEXT = "template"
# The settings that count only in a file that nobody else can write.
_NEED_TRUST = {"api_key_command", "base_url", "notify_command"}


@dataclass(frozen=True)
class SettingValue:
    """A value and where it came from."""

    value: Any
    origin: str = "default"


@dataclass(frozen=True)
class SettingsFile:
    """The settings of one valid file without blank values; empty if there is no file.

    ``access`` says who can write the file; None if there is none, or not with this content.
    """

    path: Path
    settings: dict[str, Any] = field(default_factory=dict)
    access: Access | None = None

    @cached_property
    def dangers(self) -> tuple[Problem, ...]:
        """Why the file may have been written by somebody else; empty if it can be trusted.

        This may ask the name services, so ask for it only where a command or a base URL is used.
        """
        return file_trust.dangers(self.path, self.access)

    @property
    def needs_trust(self) -> bool:
        """Whether the file has settings that are used only if it can be trusted."""
        return any(_NEED_TRUST & set(each) for each in (self.settings, *self.accounts.values()))

    def require_trust(self) -> None:
        """Raise ProblemError if the file may have been written by somebody else."""
        if self.dangers:
            facts: dict[str, Any] = dict(self.dangers[0].facts)
            raise ProblemError(self.dangers[0].cause, **facts)

    @property
    def accounts(self) -> dict[str, dict[str, Any]]:
        accounts: dict[str, dict[str, Any]] = self.settings.get("accounts", {})
        return accounts

    def find(self, account: str, name: str) -> SettingValue | None:
        """Return a setting of the account, else the general one; a dot leads into an object."""
        own = _inside(self.accounts.get(account, {}), name)
        if own is not None:
            return SettingValue(own, f"accounts.{account}.{name} in {self.path}")
        general = _inside(self.settings, name)
        return None if general is None else SettingValue(general, f"{name} in {self.path}")


def _inside(settings: dict[str, Any], name: str) -> Any:
    group, _, rest = name.partition(".")
    value = settings.get(group)
    return _inside(value or {}, rest) if rest else value


def default_path() -> Path:
    """Return the path of the settings file when ``--config`` names no other."""
    return paths.config_folder() / "config.json"


def read(path: Path, *, required: bool = False) -> SettingsFile:
    """Read and validate the file. Raises ProblemError of kind ``config``.

    A missing file is an empty one, unless it is ``required``.
    """
    try:
        raw, status = safe_read.read(path, pipe=required)
    except (FileNotFoundError, NotADirectoryError) as error:
        if required:
            raise ProblemError(causes.FILE_MISSING, path=str(path)) from error
        return SettingsFile(path)
    except OSError as error:
        raise ProblemError(
            causes.FILE_UNREADABLE, path=str(path), error=str(error.strerror)
        ) from error
    return replace(parse(path, raw), access=file_trust.access_of(path, status))


@lru_cache(maxsize=1)
def parse(path: Path, raw: bytes) -> SettingsFile:
    """Validate the content of a settings file. Raises ProblemError of kind ``config``.

    The result is cached, so that many accounts in one file cost one validation.
    """
    document = unchecked(path, raw)
    _check(path, raw, document)
    return SettingsFile(path, document)


def unchecked(path: Path, raw: bytes) -> Any:
    """Return the content before it is checked against the schema. Raises ProblemError."""
    try:
        return _without_blanks(strict_json.loads(raw))
    except (ValueError, RecursionError) as error:
        raise ProblemError(causes.FILE_NOT_JSON, path=str(path), error=str(error)) from error


def invalid_setting(path: Path, mismatch: Mismatch) -> ProblemError:
    """Return the error for a value that the schema rejects; it does not repeat the value."""
    return ProblemError(
        causes.INVALID_SETTING,
        path=str(path),
        setting=one_line(mismatch.path, 120) or "the whole of it",
        expected=mismatch.expected,
    )


def read_bytes(path: Path, *, pipe: bool = False) -> bytes:
    """Return the content of the file, or of a ``pipe``. Raises OSError, also if it is too large."""
    return safe_read.read(path, pipe=pipe)[0]


def _check(path: Path, raw: bytes, document: Any) -> None:
    """Check against the schema unless the cache has these bytes. Raises ProblemError."""
    digest = hashlib.sha256(__version__.encode() + b"\0" + raw).hexdigest()
    cache = paths.cache_folder() / "valid-settings"
    if digest in _valid_digests(cache):
        return
    from moonshot_status import schemas

    mismatch = schemas.mismatch(document, "config")
    if mismatch:
        raise invalid_setting(path, mismatch)
    _remember_valid(cache, digest)


def _valid_digests(cache: Path) -> list[str]:
    try:
        return safe_read.read_own(cache).decode("ascii").split()
    except (OSError, ValueError):
        return []


def _remember_valid(cache: Path, digest: str) -> None:
    digests = "\n".join([*_valid_digests(cache), digest][-_MAX_VALID_FILES:])
    # Without the cache the file is checked again next time.
    with suppress(OSError):
        write_private(cache, digests.encode("ascii"))


def _without_blanks(settings: Any) -> Any:
    """Return the settings without quotes around values, and without blank values.

    A key keeps what is around it: ``config/api_key`` reads it.
    """
    if not isinstance(settings, dict):
        return settings
    cleaned = {}
    for name, value in settings.items():
        if isinstance(value, str) and name != FREE_TEXT:
            bare = unquoted(value)
            value = value if bare and name == "api_key" else bare
        elif name == "accounts" and isinstance(value, dict):
            value = {account: _without_blanks(own) for account, own in value.items()}
        if value != "":
            cleaned[name] = value
    return cleaned
