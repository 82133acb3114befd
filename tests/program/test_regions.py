"""Which key goes to which host: both regions' keys against both regions, by the real names."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.raw_server import BALANCE, RawServer, TunnelProxy, http, tls_for, trust
from kit.support import Run

HOSTS = {"international": "api.moonshot.ai", "china": "api.moonshot.cn"}
SIGNS = {"international": "$", "china": "¥"}
OwnFile = Callable[[Any], Path]


@pytest.fixture
def platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """Both platforms behind a proxy, with certificates of an authority that is trusted."""
    tls = tls_for(*HOSTS.values())
    trust(monkeypatch, tmp_path)
    with RawServer(http("200 OK", BALANCE), tls=tls) as server, TunnelProxy(server.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        yield server


def seen(server: RawServer) -> list[tuple[str, str]]:
    """Host and key of each request."""
    pattern = re.compile(rb"Host: (\S+).*Bearer (\S+)|Bearer (\S+).*Host: (\S+)", re.DOTALL)
    pairs = []
    for request in server.received:
        found = pattern.search(request)
        assert found
        host, key = (found[1], found[2]) if found[1] else (found[4], found[3])
        pairs.append((host.decode(), key.decode()))
    return pairs


@pytest.mark.parametrize("flag", HOSTS)
@pytest.mark.parametrize("written", HOSTS)
@pytest.mark.parametrize("place", ["file", "environment", "codexbar"])
def test_a_key_goes_to_its_own_region_or_nowhere(
    invoke: Run,
    platforms: RawServer,
    own_file: OwnFile,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    written: str,
    flag: str,
) -> None:
    key = f"sk-of-{written}"
    if place == "file":
        own_file({"region": written, "api_key": key})
    elif place == "environment":
        monkeypatch.setenv("MOONSHOT_REGION", written)
        monkeypatch.setenv("MOONSHOT_KEY", key)
    else:
        provider = {"id": "moonshot", "apiKey": key, "region": written}
        (home / ".codexbar").mkdir()
        (home / ".codexbar" / "config.json").write_text(json.dumps({"providers": [provider]}))
    done = invoke("--region", flag, "--format", "json")
    document = json.loads(done.stdout)
    if flag == written:
        assert seen(platforms) == [(HOSTS[flag], key)]
        assert invoke().stdout == f"{SIGNS[flag]}49.58\n".encode()
        assert len(platforms.received) == 1
    else:
        assert document["problem"]["kind"] == "no-key"
        assert "belongs to the other region" in document["problem"]["hint"]
        assert platforms.received == []


@pytest.mark.parametrize("region", HOSTS)
def test_with_a_key_of_each_region_the_flag_chooses(
    invoke: Run,
    platforms: RawServer,
    own_file: OwnFile,
    monkeypatch: pytest.MonkeyPatch,
    region: str,
) -> None:
    own_file({"region": "international", "api_key": "sk-of-international"})
    monkeypatch.setenv("MOONSHOT_REGION", "china")
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-of-china")
    assert invoke("--region", region).stdout == f"{SIGNS[region]}49.58\n".encode()
    assert seen(platforms) == [(HOSTS[region], f"sk-of-{region}")]


def test_a_key_without_a_region_is_international(
    invoke: Run, platforms: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-of-nowhere")
    assert invoke("--region", "china").returncode == 1
    assert invoke().stdout == b"$49.58\n"
    assert seen(platforms) == [(HOSTS["international"], "sk-of-nowhere")]


@pytest.mark.parametrize("address", ["https://API.MOONSHOT.CN./v1", "https://api.moonshot.cn:443"])
def test_the_other_regions_host_is_refused(
    invoke: Run, platforms: RawServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-of-international")
    monkeypatch.setenv("MOONSHOT_BASE_URL", address)
    document = json.loads(invoke("--format", "json").stdout)
    assert document["problem"]["kind"] == "config"
    assert platforms.received == []
