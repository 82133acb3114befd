"""Icinga runs our check as a service, and reads its text, its performance data and its status."""

from __future__ import annotations

import getpass
import shutil
from pathlib import Path

import pytest
from kit.bars.bench import LEVELS, Bench
from kit.bars.desktop import Desktop, require, wait_for
from kit.bars.fixtures import INTEGRATIONS

from moonshot_status.core.errors import Kind

ICINGA = shutil.which("icinga2", path="/usr/sbin:/usr/bin") or "icinga2"
QUICK = "_interval = 0.5\n  retry_interval = 0.5"
INSTALLED = "/usr/local/bin/moonshot-status"
CONFIG = """
include <itl>
include "{folder}/moonshot.conf"
object CheckerComponent "checker" {{ }}
object Host "here" {{
  check_command = "dummy"
  vars.moonshot_account = "all"
  vars.moonshot_config = "{home}/.config/moonshot-status/config.json"
}}
object PerfdataWriter "seen" {{
  host_perfdata_path = "{folder}/host"
  host_temp_path = "{folder}/host.tmp"
  service_perfdata_path = "{folder}/seen"
  service_temp_path = "{folder}/seen.tmp"
  service_format_template = "$service.state$ $service.perfdata$ @ $service.output$"
  rotation_interval = 1s
}}
"""


@pytest.fixture(scope="module")
def icinga(bench: Bench, desktop: Desktop) -> Path:
    """The folder of an Icinga that has the very file of ``integrations/nagios``."""
    require(ICINGA)
    text = (INTEGRATIONS / "nagios" / "moonshot.conf").read_text().replace("_interval = 5m", QUICK)
    program = bench.home / ".local" / "bin" / "moonshot-status"
    (desktop.folder / "moonshot.conf").write_text(text.replace(INSTALLED, str(program)))
    config = desktop.folder / "icinga2.conf"
    config.write_text(CONFIG.format(folder=desktop.folder, home=bench.home))
    places = ("DataDir", "LogDir", "CacheDir", "SpoolDir", "InitRunDir")
    for name in places:
        (desktop.folder / name).mkdir()
    bench.reset()
    desktop.start(
        ICINGA, "daemon", "-c", config, f"-DConfiguration.RunAsUser={getpass.getuser()}",
        *(f"-D{name}={desktop.folder / name}" for name in places), log="icinga.log",
    )  # fmt: skip
    return desktop.folder


def seen(folder: Path, text: str) -> str:
    """What Icinga understood the last time, once it has read this text."""
    for path in folder.glob("seen.1*"):
        path.unlink()

    def look() -> str:
        found = (path.read_text() for path in folder.glob("seen.1*"))
        return next((line for line in "".join(found).splitlines() if text in line), "")

    return wait_for(text, look)


@pytest.mark.parametrize(
    ("level", "understood"),
    [
        ("ok", "OK available=49.58894;5:;1: voucher=46.58893 cash=3.00001 @ OK: $49.58"),
        ("warning", "WARNING available=3.21543;5:;1: voucher=3.21 cash=0.00543 @ WARNING: $3.21"),
        ("empty", "CRITICAL available=0;5:;1: voucher=0 cash=0 @ CRITICAL: $0.00"),
    ],
)
def test_icinga_understands_each_level(
    icinga: Path, bench: Bench, level: str, understood: str
) -> None:
    bench.reset()
    bench.server.response = LEVELS[level]
    assert seen(icinga, understood.partition("@")[2]).strip() == understood


def test_a_stale_balance_is_a_warning(icinga: Path, bench: Bench) -> None:
    bench.go_wrong(Kind.SERVER_ERROR)
    line = seen(icinga, "server error")
    assert line.startswith("WARNING available=49.58894;5:;1: ")
    assert "WARNING: $49.58 · as of" in line


def test_without_a_balance_the_status_is_unknown(icinga: Path, bench: Bench) -> None:
    bench.reset()
    bench.configure(api_key="sk-wrong0123456789")
    assert seen(icinga, "key rejected").strip() == "UNKNOWN  @ UNKNOWN: — · key rejected"


def test_a_hostile_account_name_is_only_text(icinga: Path, bench: Bench) -> None:
    bench.reset()
    account = {"api_key": bench.key, "base_url": bench.server.base_url}
    accounts = {"a|b=1 'c'::d": account, "<b>|": account}
    bench.configure(api_key=None, base_url=None, accounts=accounts)
    line = seen(icinga, "│")
    assert line.startswith("OK 'a_b_1 _c___d available'=49.58894;5:;1: ")
    assert "@ OK: a∣b=1 'c'::d $49.58 │ ‹b›∣ $49.58" in line
