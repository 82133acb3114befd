"""The Moonshot entry of a CodexBar file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kit.support import KEY

from moonshot_status.config import codexbar
from moonshot_status.core.errors import Kind, ProblemError


def document(**entry: Any) -> dict[str, Any]:
    return {"version": 1, "providers": [{"id": "moonshot", **entry}]}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(raw)
    return path


def refused(raw: bytes, path: Path) -> str:
    """What is said about a file that cannot be understood."""
    write(path, raw)
    with pytest.raises(ProblemError) as caught:
        codexbar.read({"CODEXBAR_CONFIG": str(path)})
    problem = caught.value.problem
    assert problem.kind is Kind.CONFIG
    assert "canary" not in f"{problem.message} {problem.hint}"
    assert "CodexBar" in problem.message
    return problem.message


def test_the_entry_is_read_with_all_its_values(tmp_path: Path) -> None:
    entry = {"apiKey": KEY, "apiKeyRegion": "china", "region": "international", "enabled": False}
    path = write(tmp_path / "any.json", document(**entry))
    found = codexbar.read({"CODEXBAR_CONFIG": str(path)})
    assert found == codexbar.Entry(path, KEY, "china", "international")


def test_the_key_stays_as_written_and_blanks_and_null_are_unset(tmp_path: Path) -> None:
    entry = {"apiKey": f" '{KEY}'\n", "region": "  ", "apiKeyRegion": None}
    path = write(tmp_path / "c.json", document(**entry))
    expected = codexbar.Entry(path, f" '{KEY}'\n")
    assert codexbar.read({"CODEXBAR_CONFIG": str(path)}) == expected


@pytest.mark.parametrize(
    ("entry", "key_region", "region", "unknown"),
    [
        ({"region": "mars"}, "", "international", ("region",)),
        ({"apiKeyRegion": "cn", "region": "China"}, "international", "China", ("apiKeyRegion",)),
        ({"apiKeyRegion": "x", "region": "y"}, "international", "international",
         ("apiKeyRegion", "region")),
    ],
)  # fmt: skip
def test_an_unknown_region_means_international(
    tmp_path: Path, entry: dict[str, str], key_region: str, region: str, unknown: tuple[str, ...]
) -> None:
    path = write(tmp_path / "c.json", document(apiKey=KEY, **entry))
    expected = codexbar.Entry(path, KEY, key_region, region, unknown)
    assert codexbar.read({"CODEXBAR_CONFIG": str(path)}) == expected


@pytest.mark.parametrize("key", [None, " '' "])
def test_the_region_of_a_missing_key_is_not_examined(tmp_path: Path, key: str | None) -> None:
    entry = {"apiKey": key, "apiKeyRegion": 5, "region": "china"}
    path = write(tmp_path / "c.json", document(**entry))
    found = codexbar.read({"CODEXBAR_CONFIG": str(path)})
    assert found == codexbar.Entry(path, key or "", "", "china")


@pytest.mark.parametrize(
    "blank", [b"", b" \n\t\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n", bytes(4096)]
)
def test_a_blank_file_counts_as_absent(home: Path, blank: bytes) -> None:
    write(home / ".config" / "codexbar" / "config.json", blank)
    assert codexbar.read({}) is None
    path = write(home / ".codexbar" / "config.json", document(apiKey=KEY))
    assert codexbar.read({}) == codexbar.Entry(path, KEY)


@pytest.mark.parametrize(
    "content",
    [
        {"version": 1},
        {"version": 1, "providers": []},
        {"providers": [{"id": "kimi", "apiKey": KEY}, {"id": "codex"}, "moonshot", None, 3]},
        {"providers": [{"apiKey": KEY}]},
        {"moonshot": {"apiKey": KEY}},
    ],
)
def test_other_providers_are_not_ours(tmp_path: Path, content: Any) -> None:
    path = write(tmp_path / "c.json", content)
    assert codexbar.read({"CODEXBAR_CONFIG": str(path)}) is None


def test_what_is_broken_in_another_entry_does_not_matter(tmp_path: Path) -> None:
    others = [{"id": "kimi", "apiKey": 5, "region": []}, {"id": 7}]
    content = {"providers": [*others, {"id": "moonshot", "apiKey": KEY}]}
    path = write(tmp_path / "c.json", content)
    assert codexbar.read({"CODEXBAR_CONFIG": str(path)}) == codexbar.Entry(path, KEY)


def test_the_first_file_that_exists_is_read(home: Path) -> None:
    xdg = home / "xdg"
    environ = {"XDG_CONFIG_HOME": str(xdg)}
    places = [home / ".codexbar", home / ".config" / "codexbar", xdg / "codexbar"]
    assert codexbar.read(environ) is None
    for place in places:
        path = write(place / "config.json", document(apiKey=KEY))
        found = codexbar.read(environ)
        assert found is not None
        assert found.path == path


def test_a_file_without_our_entry_hides_later_ones(home: Path) -> None:
    write(home / ".codexbar" / "config.json", document(apiKey=KEY))
    write(home / ".config" / "codexbar" / "config.json", {"providers": []})
    assert codexbar.read({}) is None


def test_a_relative_xdg_folder_is_ignored(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    write(home / "relative" / "codexbar" / "config.json", document(apiKey="sk-wrong"))
    write(home / ".codexbar" / "config.json", document(apiKey=KEY))
    found = codexbar.read({"XDG_CONFIG_HOME": "relative"})
    assert found is not None
    assert found.api_key == KEY


@pytest.mark.parametrize(("variable", "place"), [("~/xdg", "xdg"), ("~", ""), ("~/", "")])
def test_a_tilde_in_the_xdg_folder_is_expanded(home: Path, variable: str, place: str) -> None:
    path = write(home / place / "codexbar" / "config.json", document(apiKey=KEY))
    write(home / ".codexbar" / "config.json", document(apiKey="sk-wrong"))
    found = codexbar.read({"XDG_CONFIG_HOME": variable})
    assert found is not None
    assert (found.path, found.api_key) == (path, KEY)


@pytest.mark.parametrize("variable", ["$HOME/xdg", "~nobody-of-this-name/xdg", "./xdg", "xdg/~"])
def test_no_other_form_of_the_xdg_folder_is_read(
    home: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.chdir(home)
    write(home / variable / "codexbar" / "config.json", document(apiKey="sk-wrong"))
    write(home / "xdg" / "codexbar" / "config.json", document(apiKey="sk-wrong"))
    assert codexbar.read({"XDG_CONFIG_HOME": variable}) is None


@pytest.mark.parametrize("named", ["{}/absent.json", "~/absent.json", " '{}/absent.json' "])
def test_a_named_file_is_the_only_one_even_when_it_is_absent(home: Path, named: str) -> None:
    write(home / ".codexbar" / "config.json", document(apiKey=KEY))
    assert codexbar.read({"CODEXBAR_CONFIG": named.format(home)}) is None


@pytest.mark.parametrize("named", ["{}/c.json", "~/c.json", ' "{}/c.json" '])
def test_a_named_file_may_stand_in_quotes_and_begin_with_a_tilde(home: Path, named: str) -> None:
    write(home / "c.json", document(apiKey=KEY))
    write(home / ".codexbar" / "config.json", document(apiKey="sk-wrong"))
    found = codexbar.read({"CODEXBAR_CONFIG": named.format(home)})
    assert found is not None
    assert found.api_key == KEY


def test_a_blank_name_of_a_file_is_unset(home: Path) -> None:
    write(home / ".codexbar" / "config.json", document(apiKey=KEY))
    assert codexbar.read({"CODEXBAR_CONFIG": " '' "}) is not None


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"\xef\xbb\xbf{",
        b"\0{}",
        b"\xff\xfe\xfa",
        b"[]",
        b"null",
        b'"canary"',
        b'{"providers": {}}',
        b'{"providers": "canary"}',
        b"[" * 100_000,
        b"1" * 10_000,
        b'{"providers": [{"id": "moonshot", "apiKey": "sk-canary',
    ],
)
def test_a_broken_file_is_named_and_never_quoted(home: Path, raw: bytes) -> None:
    assert str(home / "c.json") in refused(raw, home / "c.json")


@pytest.mark.parametrize("name", ["apiKey", "apiKeyRegion", "region"])
@pytest.mark.parametrize("value", [5, True, ["sk-canary"], {"canary": 1}])
def test_a_value_of_the_wrong_type_is_named(home: Path, name: str, value: Any) -> None:
    said = refused(json.dumps(document(**{name: value})).encode(), home / "c.json")
    assert f"moonshot.{name}" in said


def test_a_folder_in_place_of_the_file_is_a_problem(home: Path) -> None:
    (home / ".codexbar" / "config.json").mkdir(parents=True)
    with pytest.raises(ProblemError) as caught:
        codexbar.read({})
    assert caught.value.problem.kind is Kind.CONFIG


def test_the_file_is_only_read(home: Path) -> None:
    path = write(home / ".codexbar" / "config.json", document(apiKey=KEY))
    path.chmod(0o400)
    before = path.stat()
    codexbar.read({})
    after = path.stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    assert list(path.parent.iterdir()) == [path]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["providers", "id", "apiKey", "apiKeyRegion", "region"]),
            inner | st.just("moonshot"),
        )
    ),
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_any_file_is_an_entry_or_nothing_or_a_problem(tmp_path: Path, raw: bytes) -> None:
    path = write(tmp_path / "c.json", raw)
    try:
        found = codexbar.read({"CODEXBAR_CONFIG": str(path)})
    except ProblemError as error:
        kind = error.problem.kind
    else:
        assert found is None or isinstance(found.api_key, str)
        return
    assert kind is Kind.CONFIG
