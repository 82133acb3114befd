"""Where MOONSHOT_BASE_URL leads: only the key of the environment goes there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.official_hosts import OfficialHosts
from kit.raw_server import BALANCE, RawServer, http
from kit.support import Run

from moonshot_status.core.regions import Region

FILE_KEY = "sk-of-a-file"
IGNORED = "MOONSHOT_BASE_URL is ignored"
NO_KEYS: dict[str, list[str]] = {region.value: [] for region in Region}
OwnFile = Callable[[Any], Path]

# Where a key can be, other than the environment, with the settings file and CodexBar's file.
IN_FILES: dict[str, tuple[Any, Any]] = {
    "flat": ({"api_key": FILE_KEY}, None),
    "named": ({"accounts": {"work": {"api_key": FILE_KEY}}}, None),
    "command": ({"api_key_command": ["echo", FILE_KEY]}, None),
    "CodexBar": (None, {"id": "moonshot", "apiKey": FILE_KEY}),
}


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """The server to which the environment would lead."""
    with RawServer(http("200 OK", BALANCE)) as server:
        monkeypatch.setenv("MOONSHOT_BASE_URL", server.url)
        yield server


def write_codexbar(home: Path, provider: Any) -> None:
    (home / ".codexbar").mkdir()
    (home / ".codexbar" / "config.json").write_text(json.dumps({"providers": [provider]}))


@pytest.mark.parametrize("place", IN_FILES)
def test_the_key_of_a_file_goes_to_no_host_of_the_environment(
    invoke: Run, official_hosts: OfficialHosts, elsewhere: RawServer, own_file: OwnFile, home: Path,
    place: str,
) -> None:  # fmt: skip
    own, provider = IN_FILES[place]
    if own:
        own_file(own).chmod(0o600)
    if provider:
        write_codexbar(home, provider)
    assert invoke().stdout == b"$49.58\n"
    assert official_hosts.keys == {**NO_KEYS, "international": [FILE_KEY]}
    assert elsewhere.received == []
    # It is pointed out wherever somebody would look.
    assert IGNORED in invoke("--format", "waybar").stdout.decode()
    shown = invoke("config", "show")
    assert b"https://api.moonshot.ai" in shown.stdout
    assert shown.stderr.decode().count(IGNORED) == 1
    assert invoke("config", "validate").stderr.decode().count(IGNORED) == 1
    assert f"! settings        {IGNORED}" in invoke("doctor").stdout.decode()
    official_hosts.servers[Region.INTERNATIONAL].steps = (http("500 X"),)
    problem = json.loads(invoke("--format", "json", "--refresh").stdout)["problem"]
    assert problem["kind"] == "server-error"
    assert problem["hint"].count(IGNORED) == 1
    assert invoke("--format", "waybar").stdout.decode().count(IGNORED) == 1
    assert elsewhere.received == []


def test_without_a_key_the_host_of_the_environment_is_pointed_out_and_not_examined(
    invoke: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOONSHOT_BASE_URL", "ftp://user:canary@x")
    problem = json.loads(invoke("--format", "json").stdout)["problem"]
    assert (problem["kind"], IGNORED in problem["hint"]) == ("no-key", True)
    shown = invoke("config", "show")
    assert b"https://api.moonshot.ai" in shown.stdout
    assert IGNORED in shown.stderr.decode()
    assert f"! settings        {IGNORED}" in invoke("doctor").stdout.decode()


@pytest.mark.parametrize("place", ["environment", *IN_FILES])
def test_the_files_own_base_url_counts_for_every_key(
    invoke: Run, official_hosts: OfficialHosts, elsewhere: RawServer, own_file: OwnFile, home: Path,
    monkeypatch: pytest.MonkeyPatch, place: str,
) -> None:  # fmt: skip
    own, provider = IN_FILES.get(place, (None, None))
    if provider:
        write_codexbar(home, provider)
    elif own is None:
        monkeypatch.setenv("MOONSHOT_API_KEY", FILE_KEY)
    with RawServer(http("200 OK", BALANCE)) as server:
        own_file({**(own or {}), "base_url": server.url})
        assert invoke().stdout == b"$49.58\n"
    assert [FILE_KEY.encode() in request for request in server.received] == [True]
    assert official_hosts.keys == NO_KEYS
    assert elsewhere.received == []


def test_a_key_of_the_environment_goes_to_its_base_url(
    invoke: Run,
    official_hosts: OfficialHosts,
    elsewhere: RawServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MOONSHOT_KEY", "sk-of-the-environment")
    assert invoke().stdout == b"$49.58\n"
    assert IGNORED not in invoke("--format", "waybar").stdout.decode()
    assert [b"sk-of-the-environment" in request for request in elsewhere.received] == [True]
    assert official_hosts.keys == NO_KEYS
