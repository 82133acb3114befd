"""Changes to the program's own settings file, of which every other byte stays as it is."""

from __future__ import annotations

import json
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from moonshot_status import folders, jsonc, ownfile, schemas, strictjson
from moonshot_status.errors import Kind, ProblemError
from moonshot_status.mistakes import mistakes
from moonshot_status.text import one_line, unquoted

_EMPTY = b"{\n}\n"
_ACCOUNTS = "accounts"
Edit = Callable[[str], str]


@dataclass(frozen=True)
class Setting:
    """One setting of an account, or of all; ``names`` lead to it there."""

    names: tuple[str, ...]
    schema: dict[str, Any] = field(repr=False)
    account: str | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to it from the beginning of the file."""
        return self.names if self.account is None else (_ACCOUNTS, self.account, *self.names)


def settings() -> dict[str, Setting]:
    """The settings of an account by their dotted names; all can stand beside ``accounts`` too."""
    schema = schemas.load("config")
    properties = schema["$defs"]["account"]["properties"]
    return dict(_named(properties, schema["$defs"], ()))


def _named(
    properties: dict[str, Any], definitions: dict[str, Any], above: tuple[str, ...]
) -> Iterator[tuple[str, Setting]]:
    for name, written in properties.items():
        path = (*above, name)
        schema = definitions.get(written.get("$ref", "").rpartition("/")[2], written)
        if "properties" in schema:
            yield from _named(schema["properties"], definitions, path)
        else:
            yield ".".join(path), Setting(path, schema)


def find(name: str) -> Setting | None:
    """The setting of that name, which may begin with ``accounts.NAME``; a name may have dots."""
    known = settings()
    if name in known:
        return known[name]
    rest = name.removeprefix(f"{_ACCOUNTS}.")
    fitting = [own for own in known if rest != name and rest.endswith(f".{own}")]
    if not fitting:
        return None
    longest = max(fitting, key=len)
    account = rest.removesuffix(f".{longest}")
    return replace(known[longest], account=account) if account else None


def value(setting: Setting, written: str) -> Any:
    """What somebody wrote on the command line, read as the schema wants it.

    What cannot be read so stays a string, which the schema then refuses.
    """
    wanted = setting.schema.get("type")
    if wanted == "string":
        return unquoted(written)
    with suppress(ValueError):
        if wanted == "array" and not written.lstrip().startswith("["):
            return _words(setting.schema["items"], written)
        return strictjson.loads(written.encode("utf-8", "surrogatepass"))
    return written


def _words(items: dict[str, Any], written: str) -> list[str]:
    """Names with commas or blanks between them; a command as a shell would split it."""
    if "enum" in items:
        return re.split(r"[\s,]+", written.strip())
    return shlex.split(written)


def setting_to(setting: Setting, new: Any) -> Edit:
    """The edit that gives the setting this value."""

    def edit(text: str) -> str:
        node, path, json_text = jsonc.parse(text), setting.path, strictjson.dumps(new)
        while len(path) > 1 and (member := node.member(path[0])):
            node, path = member.node, path[1:]
        for name in reversed(path[1:]):
            json_text = f"{{{json.dumps(name)}: {json_text}}}"
        return jsonc.set_member(text, node, path[0], json_text)

    return edit


def without(setting: Setting) -> Edit:
    """The edit that takes the setting out, if it is there."""

    def edit(text: str) -> str:
        node = jsonc.parse(text)
        for name in setting.path[:-1]:
            member = node.member(name)
            if member is None:
                return text
            node = member.node
        member = node.member(setting.path[-1])
        return jsonc.remove(text, node, node.children.index(member)) if member else text

    return edit


class RefusedError(ProblemError):
    """The file is right, and would not be if that were done."""


def change(path: Path, *edits: Edit) -> bool:
    """Make all the edits or none; whether that changed anything. Raises ProblemError.

    A file that has mistakes is left alone, and one that would have some is never written.
    """
    raw = _read(path)
    for problem in mistakes(path, raw)[:1]:
        raise ProblemError(problem.kind, f"Nothing was changed: {problem.message}", problem.hint)
    text = raw.decode()
    for edit in edits:
        text = edit(text)
    changed = text.encode("utf-8", "surrogatepass")
    for problem in mistakes(path, changed)[:1]:
        raise RefusedError(problem.kind, f"Nothing was changed: then {problem.message}")
    if changed != raw:
        _save(path, changed)
    return changed != raw


def _read(path: Path) -> bytes:
    try:
        return ownfile.read_bytes(path)
    except (FileNotFoundError, NotADirectoryError):
        return _EMPTY
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror}") from error


def _save(path: Path, raw: bytes) -> None:
    """Written beside and renamed, for its owner alone; a link stays a link."""
    target = Path(os.path.realpath(path))
    try:
        if not path.is_absolute():
            raise FileNotFoundError(0, "there is no home folder")
        if not target.parent.exists() or target.parent == folders.config_folder().resolve():
            folders.private_folder(target.parent)
        descriptor, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with open(descriptor, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(descriptor)
            Path(beside).replace(target)
        except OSError:
            Path(beside).unlink()
            raise
    except OSError as error:
        raise _unusable(path, f"cannot be written: {error.strerror}") from error


def _unusable(path: Path, what: str) -> ProblemError:
    return ProblemError(
        Kind.CONFIG, one_line(f"{path} {what}"), "Look at the owner and the mode of it."
    )
