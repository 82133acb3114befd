"""Changes to the settings file."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status import schemas
from moonshot_status.config import edit
from moonshot_status.config.settings import BY_NAME
from moonshot_status.core import atomic_write, paths
from moonshot_status.core.errors import Problem, ProblemError


def target(name: str) -> edit.Target:
    found = edit.find(name)
    assert found is not None
    return found


def write(path: Path, name: str, written: str) -> None:
    edit.change(path, (target(name), edit.parse_value(target(name).setting, written)))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder / "config.json"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("region", ("region",)),
        ("thresholds.warning", ("thresholds", "warning")),
        ("accounts.cn.region", ("accounts", "cn", "region")),
        ("accounts.cn.thresholds.critical", ("accounts", "cn", "thresholds", "critical")),
        ("accounts.my.own.max_age", ("accounts", "my.own", "max_age")),
        ("accounts.thresholds.thresholds.warning",
         ("accounts", "thresholds", "thresholds", "warning")),
        ("accounts.accounts.a.show", ("accounts", "accounts.a", "show")),
    ],
)  # fmt: skip
def test_a_name_leads_to_a_path(name: str, path: tuple[str, ...]) -> None:
    assert target(name).path == path


@pytest.mark.parametrize(
    "name",
    ["", "nonsense", "thresholds", "warning", "accounts", "accounts.cn", "accounts..region",
     "accounts.region", "cn.region", "region.x", "accounts.cn.warning", "$schema"],
)  # fmt: skip
def test_an_unknown_name_has_no_path(name: str) -> None:
    assert edit.find(name) is None


def test_every_setting_of_the_schema_can_be_named() -> None:
    properties = schemas.load("config")["$defs"]["account"]["properties"]
    assert {name.partition(".")[0] for name in BY_NAME} == set(properties)


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("region", ' "china" ', "china"),
        ("max_age", "60", 60),
        ("max_age", "soon", "soon"),
        ("show", "balance, runway pace", ["balance", "runway", "pace"]),
        ("show", '["balance"]', ["balance"]),
        ("show", "[balance", "[balance"),
        ("api_key_command", "pass show 'my key'", ["pass", "show", "my key"]),
        ("api_key_command", "pass 'my", "pass 'my"),
        ("api_key_command", ' ["pass", "a,b"]', ["pass", "a,b"]),
        ("base_url", "https://x.test", "https://x.test"),
        ("hide_amount", "true", True),
        ("hide_amount", "yes", "yes"),
        ("notify_command", "notify-send 'it is low'", ["notify-send", "it is low"]),
    ],
)
def test_a_value_is_read_as_the_schema_wants_it(name: str, written: str, value: object) -> None:
    assert edit.parse_value(target(name).setting, written) == value


WRITTEN = """\
{
  "region" : "china",\t
  "thresholds": { "warning": 50.0 },
  "accounts": {
    "a": {"max_age":1e2}, "b": {}
  }
}"""


@pytest.mark.parametrize(
    ("name", "value", "old", "new"),
    [
        ("region", "international", '"china"', '"international"'),
        ("thresholds.warning", "60.50", "50.0", "60.50"),
        ("thresholds.critical", "5", "50.0 }", '50.0, "critical": 5 }'),
        ("accounts.a.max_age", "7", "1e2", "7"),
        ("accounts.b.region", "china", '"b": {}', '"b": {"region": "china"}'),
        ("accounts.b.thresholds.warning", "40", '"b": {}', '"b": {"thresholds": {"warning": 40}}'),
        ("accounts.c.show", "pace", '"b": {}', '"b": {}, "c": {"show": ["pace"]}'),
    ],
)
def test_every_other_byte_stays(file: Path, name: str, value: str, old: str, new: str) -> None:
    for text in (WRITTEN, WRITTEN.replace("\n", "\r\n"), "\ufeff" + WRITTEN):
        file.write_bytes(text.encode())
        write(file, name, value)
        assert " ".join(file.read_bytes().decode().split()) == " ".join(
            text.replace(old, new).split()
        )


def test_a_setting_is_taken_out(file: Path) -> None:
    file.write_text('{"max_age": 1, "thresholds": {"warning": 9, "critical": 2}}', encoding="utf-8")
    assert edit.change(file, (target("max_age"), edit.UNSET))
    assert edit.change(file, (target("thresholds.warning"), edit.UNSET))
    assert json.loads(file.read_text(encoding="utf-8")) == {"thresholds": {"critical": 2}}
    for name in ("max_age", "thresholds.warning", "accounts.a.region"):
        assert not edit.change(file, (target(name), edit.UNSET))


def test_a_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "folder" / "config.json"
    umask = os.umask(0)
    try:
        write(file, "max_age", "60")
    finally:
        os.umask(umask)
    assert file.read_text(encoding="utf-8") == '{\n    "max_age": 60\n}\n'
    assert (mode(file), mode(file.parent), mode(file.parent.parent)) == (0o600, 0o700, 0o700)


def test_a_folder_keeps_its_mode(tmp_path: Path) -> None:
    """Another user may read the file by its group, and has to get to it."""
    for folder in (paths.config_folder(), tmp_path / "other"):
        folder.mkdir(parents=True, mode=0o755)
        (folder / "config.json").write_text("{}", encoding="utf-8")
        (folder / "config.json").chmod(0o644)
        write(folder / "config.json", "max_age", "60")
        assert (mode(folder), mode(folder / "config.json")) == (0o755, 0o640)


@pytest.mark.parametrize(
    ("before", "after", "private"),
    [
        (0o600, 0o600, 0o600), (0o640, 0o640, 0o640), (0o660, 0o640, 0o640),
        (0o644, 0o640, 0o600), (0o664, 0o640, 0o600), (0o604, 0o600, 0o600),
    ],
)  # fmt: skip
def test_others_lose_their_rights_and_the_group_may_still_read(
    file: Path, before: int, after: int, private: int
) -> None:
    for content, expected in ((b"{}", after), (b"{ }", private)):
        file.write_bytes(b"")
        file.chmod(before)
        edit.save(file, content, only_owner=expected != after or content == b"{ }")
        assert (mode(file), file.read_bytes()) == (expected, content)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owner_and_group_stay_and_roots_new_file_belongs_to_the_folders_owner(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    os.chown(folder, 12, 34)
    write(folder / "new" / "config.json", "max_age", "60")
    for path in (folder / "new", folder / "new" / "config.json"):
        assert (path.stat().st_uid, path.stat().st_gid) == (12, 34)
    os.chown(folder / "new" / "config.json", 56, 78)
    (folder / "new" / "config.json").chmod(0o640)
    write(folder / "new" / "config.json", "max_age", "61")
    status = (folder / "new" / "config.json").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (56, 78, 0o640)


def test_a_read_only_file_stays_as_it_is(file: Path) -> None:
    file.write_text("{}", encoding="utf-8")
    file.chmod(0o444)
    with pytest.raises(ProblemError, match="cannot be written: it is read-only"):
        write(file, "max_age", "60")
    assert (file.read_text(encoding="utf-8"), mode(file)) == ("{}", 0o444)


@pytest.mark.parametrize("create", [os.mkfifo, Path.mkdir])
def test_what_is_no_regular_file_is_neither_read_nor_replaced(
    file: Path, create: Callable[[Path], None]
) -> None:
    create(file)
    with pytest.raises(ProblemError, match=r"it is not a regular file|Is a directory"):
        write(file, "max_age", "60")
    with pytest.raises(ProblemError, match="cannot be written: "):
        edit.save(file, b"{}")
    assert not file.is_file()


def test_a_link_stays_a_link(tmp_path: Path, file: Path) -> None:
    target = tmp_path / "dotfiles" / "moonshot.json"
    target.parent.mkdir()
    file.symlink_to(target)
    write(file, "max_age", "60")
    write(file, "max_age", "61")
    assert file.is_symlink()
    assert json.loads(target.read_text(encoding="utf-8")) == {"max_age": 61}
    assert [path.name for path in target.parent.iterdir()] == ["moonshot.json"]


@pytest.mark.parametrize(
    "text", ["", "{", '{"max_age": "x"}', '{"thresholds": {"critical": 99, "warning": 1}}']
)
def test_a_broken_file_is_left_alone(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ProblemError, match=r"Nothing was changed: .*config\.json") as caught:
        write(file, "max_age", "60")
    assert not isinstance(caught.value, edit.RefusedError)
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_age", "-1"), ("max_age", "nan"), ("region", "mars"), ("thresholds.critical", "99"),
        ("show", "nonsense"), ("show", ""), ("base_url", "http://192.0.2.1"),
        ("base_url", "https://api.moonshot.cn"), ("accounts.a.region", "china"),
        ("api_key_command", "pass"), ("api_key_command", ""), ("region", "\udcff"),
        ("accounts.\udcff.region", "china"), ("max_age", "1" * 5000), ("max_age", "[" * 100_000),
    ],
)  # fmt: skip
def test_a_change_that_would_break_the_file_is_refused(file: Path, name: str, value: str) -> None:
    text = '{"api_key": "sk-canary", "thresholds": {"warning": 9}}'
    file.write_text(text, encoding="utf-8")
    with pytest.raises(edit.RefusedError, match="Nothing was changed: then") as caught:
        write(file, name, value)
    assert "canary" not in str(caught.value)
    assert file.read_text(encoding="utf-8") == text
    assert list(file.parent.iterdir()) == [file]


def test_a_blank_value_counts_as_unset(file: Path) -> None:
    write(file, "region", "''")
    assert json.loads(file.read_text(encoding="utf-8")) == {"region": ""}


def test_a_file_that_cannot_be_read_or_written_is_an_error(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ProblemError, match="cannot be read: Is a directory"):
        write(tmp_path, "max_age", "60")
    with pytest.raises(ProblemError, match="there is no home folder"):
        write(Path("~/config.json"), "max_age", "60")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProblemError, match="cannot be written: No space left"):
        write(file, "max_age", "60")
    assert not list(file.parent.iterdir())


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_account_may_have_any_name(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    file = tmp_path_factory.mktemp("any") / "config.json"
    write(file, f"accounts.{name}.max_age", "60")
    assert json.loads(file.read_text(encoding="utf-8")) == {"accounts": {name: {"max_age": 60}}}


def test_edits_are_made_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    names = ["max_age", "timeout", "thresholds.warning", "thresholds.critical"]
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: write(file, name, "3"), names))
    thresholds = {"warning": 3, "critical": 3}
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written == {"max_age": 3, "timeout": 3, "thresholds": thresholds}


def test_what_an_editor_saves_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.json"
    file.write_text("{}", encoding="utf-8")
    validate = edit.problems_in

    def save_meanwhile(path: Path, raw: bytes) -> list[Problem]:
        file.write_text('{"timeout": 9}', encoding="utf-8")
        return validate(path, raw)

    monkeypatch.setattr(edit, "problems_in", save_meanwhile)
    with pytest.raises(ProblemError, match="has changed in the meantime"):
        write(file, "max_age", "60")
    assert file.read_text(encoding="utf-8") == '{"timeout": 9}'


def test_a_group_that_cannot_be_kept_is_dropped_if_all_could_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.json"
    file.write_text("{}", encoding="utf-8")
    group = file.stat().st_gid
    if os.getuid() == 0:
        group += 1
        os.chown(file, 0, group)
    else:
        monkeypatch.setattr(atomic_write, "_existing_owner", lambda _: (os.getuid(), group + 1))

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    file.chmod(0o644)
    write(file, "max_age", "60")
    assert mode(file) == 0o600
    os.chown(file, -1, group) if os.getuid() == 0 else None
    file.chmod(0o640)
    with pytest.raises(ProblemError, match="its owner and group cannot be kept"):
        write(file, "max_age", "61")
    assert mode(file) == 0o640
