"""Edit the settings file: every byte outside the edited setting stays as it is."""

from __future__ import annotations

import errno
import json
import re
import shlex
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moonshot_status.config import jsonc, jsonc_edit, settings_file
from moonshot_status.config.settings import BY_NAME, Setting
from moonshot_status.config.validation import dangers_of, problems_in
from moonshot_status.core import atomic_write, causes, paths, strict_json
from moonshot_status.core.errors import ProblemError
from moonshot_status.core.file_lock import folder_lock
from moonshot_status.core.text import unquoted

_EMPTY = b"{\n}\n"
_ACCOUNTS = "accounts"
UNSET = object()
"""The value of a setting that is to be removed."""


@dataclass(frozen=True)
class Target:
    """A setting to edit: of one account, or of all if ``account`` is None."""

    setting: Setting
    account: str | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to the setting from the root of the file."""
        names = tuple(self.setting.name.split("."))
        return names if self.account is None else (_ACCOUNTS, self.account, *names)


_LOCK_SECONDS = 5
Edit = tuple[Target, Any]
"""A setting and its new value."""


def find(name: str) -> Target | None:
    """Return the setting of that name, which may begin with ``accounts.NAME``, or None.

    The name of an account may contain dots.
    """
    if name in BY_NAME:
        return Target(BY_NAME[name])
    first, _, rest = name.partition(".")
    for known, setting in BY_NAME.items():
        account = rest.removesuffix(f".{known}")
        if first == _ACCOUNTS and account not in ("", rest):
            return Target(setting, account)
    return None


def parse_value(setting: Setting, written: str) -> Any:
    """Parse a value from the command line as the setting's schema expects it.

    A list is JSON, names with commas or whitespace between them, or a command as in a shell. A
    value that cannot be parsed stays a string, which the schema then rejects.
    """
    expected = setting.schema.get("type")
    if expected == "string":
        return unquoted(written)
    with suppress(ValueError, RecursionError):
        if expected != "array" or written.lstrip().startswith("["):
            value = strict_json.loads(written.encode("utf-8", "surrogatepass"))
            strict_json.dumps(value)  # What is nested so deeply that this fails is no value.
            return value
        if "enum" in setting.schema["items"]:
            return re.split(r"[\s,]+", written.strip())
        return shlex.split(written)
    return written


def apply(text: str, target: Target, new: Any) -> str:
    """Return the file's text with the setting set to a value, or removed for ``UNSET``."""
    node, path = jsonc.parse(text), target.path
    while len(path) > 1 and (member := node.member(path[0])):
        node, path = member.node, path[1:]
    if new is UNSET:
        member = node.member(path[0])
        return jsonc_edit.remove(text, node, node.children.index(member)) if member else text
    json_text = strict_json.dumps(new)
    for name in reversed(path[1:]):
        # Names stay readable, unless UTF-8 cannot encode them.
        quoted = json.dumps(name, ensure_ascii=not name.isprintable())
        json_text = f"{{{quoted}: {json_text}}}"
    return jsonc_edit.set_member(text, node, path[0], json_text)


class RefusedError(ProblemError):
    """The edit would make a valid file invalid."""


def change(path: Path, *edits: Edit) -> bool:
    """Set each setting to its value, and return whether the file changed. Raises ProblemError.

    The value ``UNSET`` removes a setting. A file that is invalid or not safe is not changed, and
    edits that would make it invalid are rejected. Edits by several processes are made one after
    the other.
    """
    with folder_lock(paths.real(path).parent, _LOCK_SECONDS):
        return _change(path, edits)


def _change(path: Path, edits: Sequence[Edit]) -> bool:
    raw = _read(path)
    # To write the file would make it safe, with whatever somebody else has written into it.
    for problem in (problems_in(path, raw) or dangers_of(path))[:1]:
        raise ProblemError(causes.FILE_NOT_CHANGED, problem=problem.message, fix=problem.hint)
    text = raw.decode()
    for target, new in edits:
        text = apply(text, target, new)
    changed = text.encode("utf-8", "surrogatepass")
    for problem in problems_in(path, changed)[:1]:
        raise RefusedError(causes.EDIT_REFUSED, problem=problem.message)
    if changed == raw:
        return False
    if _read(path) != raw:  # such as by an editor
        what = f"{path} has changed in the meantime"
        raise ProblemError(causes.FILE_NOT_CHANGED, problem=what, fix="Run the command again.")
    save(path, changed)
    return True


def _read(path: Path) -> bytes:
    try:
        return settings_file.read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return _EMPTY
    except OSError as error:
        why = str(error.strerror)
        raise ProblemError(causes.FILE_NOT_OPENED, path=str(path), error=why) from error


def save(path: Path, raw: bytes, *, only_owner: bool = False) -> None:
    """Write a settings file, which others cannot read any more. Raises ProblemError.

    Owner and group stay, and so does the group's right to read. With ``only_owner`` the group
    loses it if all others had it, too. A new file has mode 0600. A symlink is preserved.
    """
    try:
        if not path.is_absolute():
            raise FileNotFoundError(errno.ENOENT, "there is no home folder")
        target = paths.resolved(path)
        paths.create_folder(target.parent)
        mode = atomic_write.mode_of(target, atomic_write.PRIVATE)
        if paths.exists(target) and atomic_write.is_read_only(target):
            raise PermissionError(errno.EACCES, "it is read-only")
        kept = 0 if only_owner and mode & 0o007 else mode & stat.S_IRGRP
        try:
            atomic_write.replace_file(target, raw, atomic_write.PRIVATE | kept, sync=True)
        except PermissionError:
            # The group of a file that others could read, too, need not be kept.
            if not mode & stat.S_IROTH:
                raise
            atomic_write.replace_file(target, raw, atomic_write.PRIVATE, sync=True)
    except OSError as error:
        why = str(error.strerror)
        raise ProblemError(causes.FILE_NOT_WRITTEN, path=str(path), error=why) from error


def is_open_to_others(path: Path) -> bool:
    """Return whether others than the owner and the group have any rights. Raises OSError."""
    return bool(path.stat().st_mode & 0o007)
