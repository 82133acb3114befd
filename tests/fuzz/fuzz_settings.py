"""Fuzz the settings: pip install atheris; python tests/fuzz/fuzz_settings.py -runs=1000000"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["moonshot_status"]):
    from moonshot_status.config import codexbar, key_sources, resolver, settings_file
    from moonshot_status.config.settings import Options
    from moonshot_status.core.errors import Kind
    from moonshot_status.core.regions import Region

NAMES = [
    "region", "api_key", "api_key_command", "base_url", "max_age", "timeout", "thresholds",
    "accounts", "warning", "critical", "apiKey", "apiKeyRegion", "default", "a", "$schema",
    "notify_command",
]  # fmt: skip
WORDS = [
    "0", "5", "-1", "1e-99999999", "1e999999", "NaN", "null", "true", "[]", "{}", '""', '" "',
    '"sk-a"', '"sk-kimi-a"', '"china"', '"mars"', '["pass", "x"]', '"https://api.moonshot.cn"',
    '"http://127.0.0.1:8/v1/"', '"https://u:p@h"', '"https://[::1]:99999"', "[" * 3000,
]  # fmt: skip
VARIABLES = [
    "MOONSHOT_API_KEY", "MOONSHOT_KEY", "MOONSHOT_REGION", "MOONSHOT_BASE_URL",
    "CODEXBAR_CONFIG", "XDG_CONFIG_HOME",
]  # fmt: skip
FILES: dict[str, bytes] = {}


def read_bytes(path: Path) -> bytes:
    """Stands in for the disk: our own file, and CodexBar's under any other name."""
    raw = FILES.get("own" if path.parent.name == "moonshot-status" else "codexbar")
    if raw is None:
        raise FileNotFoundError
    return raw


def member(data: atheris.FuzzedDataProvider, depth: int = 0) -> str:
    """A value, or an object of settings within which there may be more of them."""
    if depth < 3 and data.ConsumeIntInRange(0, 2) == 0:
        members = (
            f'"{data.PickValueInList(NAMES)}": {member(data, depth + 1)}'
            for _ in range(data.ConsumeIntInRange(0, 3))
        )
        return f"{{{', '.join(members)}}}"
    if data.ConsumeProbability() < 0.8:
        return str(data.PickValueInList(WORDS))
    return str(data.ConsumeUnicode(12))


def file(data: atheris.FuzzedDataProvider) -> bytes:
    if data.ConsumeIntInRange(0, 3) == 0:
        return bytes(data.ConsumeBytes(2048))
    inner = ", ".join(
        f'"{data.PickValueInList(NAMES)}": {member(data)}'
        for _ in range(data.ConsumeIntInRange(0, 4))
    )
    entry = f'{{"providers": [{{"id": "moonshot", {inner}}}]}}'
    return (entry if data.ConsumeBool() else f"{{{inner}}}").encode("utf-8", "surrogatepass")


def variable(data: atheris.FuzzedDataProvider) -> str:
    if data.ConsumeBool():
        return str(data.PickValueInList(WORDS)).strip('"')
    return os.fsdecode(data.ConsumeBytes(40).replace(b"\0", b""))


def one_input(raw: bytes) -> None:
    data = atheris.FuzzedDataProvider(raw)
    FILES.clear()
    FILES.update({name: file(data) for name in ("own", "codexbar") if data.ConsumeBool()})
    environ = {
        data.PickValueInList(VARIABLES): variable(data) for _ in range(data.ConsumeIntInRange(0, 4))
    }
    account = data.PickValueInList([None, None, "default", "a", "\ud800"])
    region = data.PickValueInList([None, None, *Region])
    found = resolver.resolve(Options(account=account, region=region), environ)
    if found.problem:
        assert found.problem.kind in (Kind.CONFIG, Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT)
        assert f"{found.problem.message}{found.problem.hint}".isprintable()
    else:
        assert found.account.region
        assert found.account.thresholds
        assert found.account.base_url.startswith(("https://", "http://"))
    assert 0 <= found.max_age <= 1e9
    assert 0 < found.timeout <= 3600


if __name__ == "__main__":
    # The disk is slow and not the matter, nor is what was found valid before.
    for module, name, stand_in in (
        (settings_file, "_marked", lambda _: []),
        (settings_file, "_mark", lambda *_: None),
        (settings_file, "read_bytes", read_bytes),
        (codexbar, "read_bytes", read_bytes),
        (key_sources.Source, "is_open_to_others", False),
    ):
        setattr(module, name, stand_in)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
