"""Which key goes to which host: both regions' keys against both regions, by the real names."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.official_hosts import AMOUNTS, OfficialHosts
from kit.support import Run

from moonshot_status.core.regions import Region

INTERNATIONAL, CHINA = Region
OwnFile = Callable[[Any], Path]
Patch = pytest.MonkeyPatch


def key_of(region: Region) -> str:
    return f"sk-of-{region.value}"


def got(*regions: Region) -> dict[str, list[str]]:
    """Return what the hosts have got if each of these regions was asked once, with its own key."""
    return {region.value: [key_of(region)] * (region in regions) for region in Region}


def shown(region: Region) -> bytes:
    return f"{region.sign}{AMOUNTS[region]}\n".encode()


class Places:
    """The places in which a key and its region can be written."""

    def __init__(self, own_file: OwnFile, home: Path, patch: Patch) -> None:
        self.own_file, self.home, self.patch = own_file, home, patch

    def file(self, region: Region) -> None:
        self.own_file({"region": region.value, "api_key": key_of(region)})

    def key_command(self, region: Region) -> None:
        self.own_file({"region": region.value, "api_key_command": ["echo", key_of(region)]})

    def environment(self, region: Region) -> None:
        self.patch.setenv("MOONSHOT_REGION", region.value)
        self.patch.setenv("MOONSHOT_KEY", key_of(region))

    def codexbar(self, region: Region) -> None:
        provider = {"id": "moonshot", "apiKey": key_of(region), "region": region.value}
        (self.home / ".codexbar").mkdir()
        path = self.home / ".codexbar" / "config.json"
        path.write_text(json.dumps({"providers": [provider]}), encoding="utf-8")


PLACES = ["file", "key_command", "environment", "codexbar"]


@pytest.fixture
def places(own_file: OwnFile, home: Path, monkeypatch: Patch) -> Places:
    return Places(own_file, home, monkeypatch)


@pytest.mark.parametrize("flag", Region)
@pytest.mark.parametrize("written", Region)
@pytest.mark.parametrize("place", PLACES)
def test_a_key_goes_to_its_own_region_or_nowhere(
    invoke: Run,
    official_hosts: OfficialHosts,
    places: Places,
    place: str,
    written: Region,
    flag: Region,
) -> None:
    getattr(places, place)(written)
    done = invoke("--region", flag.value, "--format", "json")
    document = json.loads(done.stdout)
    if flag == written:
        assert official_hosts.keys == got(flag)
        assert official_hosts.asked == [flag.host]
        assert invoke().stdout == shown(flag)
        assert official_hosts.asked == [flag.host]
    else:
        assert document["problem"]["kind"] == "no-key"
        assert "belongs to the other region" in document["problem"]["hint"]
        assert official_hosts.keys == got()
        assert official_hosts.asked == []


@pytest.mark.parametrize("region", Region)
@pytest.mark.parametrize("place", PLACES)
def test_without_a_flag_a_key_goes_to_its_own_region(
    invoke: Run, official_hosts: OfficialHosts, places: Places, place: str, region: Region
) -> None:
    getattr(places, place)(region)
    assert invoke().stdout == shown(region)
    assert official_hosts.keys == got(region)
    assert official_hosts.asked == [region.host]


@pytest.mark.parametrize("flag", Region)
@pytest.mark.parametrize(
    "pair",
    [
        pair
        for pair in itertools.permutations(PLACES, 2)
        if set(pair) != {"file", "key_command"}  # They are written in one file.
    ],
    ids="-".join,
)
def test_with_a_key_of_each_region_the_flag_chooses(
    invoke: Run,
    official_hosts: OfficialHosts,
    places: Places,
    pair: tuple[str, str],
    flag: Region,
) -> None:
    for place, region in zip(pair, Region, strict=True):
        getattr(places, place)(region)
    assert invoke("--region", flag.value).stdout == shown(flag)
    assert official_hosts.keys == got(flag)
    assert official_hosts.asked == [flag.host]


def test_two_accounts_at_once(
    invoke: Run, official_hosts: OfficialHosts, own_file: OwnFile
) -> None:
    at_home = {"region": CHINA.value, "api_key": key_of(CHINA)}
    abroad = {
        "region": INTERNATIONAL.value,
        "api_key_command": ["echo", key_of(INTERNATIONAL)],
    }
    own_file({"accounts": {"home": at_home, "abroad": abroad}})
    text = invoke("--account", "all").stdout
    assert shown(CHINA).strip() in text
    assert shown(INTERNATIONAL).strip() in text
    assert official_hosts.keys == got(*Region)
    assert sorted(official_hosts.asked) == sorted(region.host for region in Region)


def test_a_key_without_a_region_is_international(
    invoke: Run, official_hosts: OfficialHosts, monkeypatch: Patch
) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", key_of(INTERNATIONAL))
    assert invoke("--region", "china").returncode == 1
    assert official_hosts.asked == []
    assert invoke().stdout == shown(INTERNATIONAL)
    assert official_hosts.keys == got(INTERNATIONAL)


@pytest.mark.parametrize("address", ["https://API.MOONSHOT.CN./v1", "https://api.moonshot.cn:443"])
@pytest.mark.parametrize("place", ["environment", "file"])
def test_the_other_regions_host_is_refused(
    invoke: Run,
    official_hosts: OfficialHosts,
    own_file: OwnFile,
    monkeypatch: Patch,
    address: str,
    place: str,
) -> None:
    if place == "file":
        own_file({"api_key": key_of(INTERNATIONAL), "base_url": address})
    else:
        monkeypatch.setenv("MOONSHOT_API_KEY", key_of(INTERNATIONAL))
        monkeypatch.setenv("MOONSHOT_BASE_URL", address)
    document = json.loads(invoke("--format", "json").stdout)
    assert document["problem"]["kind"] == "config"
    assert official_hosts.keys == got()
    assert official_hosts.asked == []


def test_a_host_takes_no_request_for_the_other(
    invoke: Run, official_hosts: OfficialHosts, places: Places
) -> None:
    """If the proxy mixed the hosts up, the certificate would end the connection."""
    ports = {region.host: official_hosts.servers[region].port for region in Region}
    official_hosts.proxy.ports = dict(zip(ports, reversed(ports.values()), strict=True))
    places.file(CHINA)
    document = json.loads(invoke("--format", "json").stdout)
    assert document["problem"]["kind"] == "tls"
    assert official_hosts.keys == got()
