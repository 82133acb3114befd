"""``moonshot-status history``: each day adds up, in a table, for programs and as a chart."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from kit import made_up
from kit.support import PROGRAM, Run

from moonshot_status import history as package
from moonshot_status.cli import params
from moonshot_status.core.account import Balance, Reading
from moonshot_status.core.regions import Region
from moonshot_status.history import picture

Keep = Callable[..., None]


@pytest.fixture
def keep(home: Path, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Store readings of the account whose key is in the environment."""
    monkeypatch.setenv("MOONSHOT_API_KEY", made_up.KEY)

    def keep(*readings: tuple[str, str], region: Region = made_up.REGION) -> None:
        account = replace(made_up.ACCOUNT, region=region, base_url=f"https://{region.host}")
        stored = [
            Reading(
                Balance(Decimal(amount)), datetime.fromisoformat(moment).astimezone(timezone.utc)
            )
            for moment, amount in readings
        ]
        made_up.keep(home / ".local" / "state" / "moonshot-status", account, stored)

    return keep


@pytest.fixture
def three_days(keep: Keep) -> None:
    keep(
        ("2026-03-02T10:00+00:00", "10"), ("2026-03-02T14:00+00:00", "9.5"),
        ("2026-03-03T14:00+00:00", "8.3"), ("2026-03-04T09:00+00:00", "28.3"),
    )  # fmt: skip


THREE_DAYS = """\
date        opening  spent  topped up  closing
2026-03-02   $10.00  $1.00               $9.00
2026-03-03    $9.00  $0.70               $8.30
2026-03-04    $8.30  $0.00     $20.00   $28.30
total        $10.00  $1.70     $20.00   $28.30
"""


def test_a_table_of_the_days(invoke: Run, three_days: None) -> None:
    done = invoke("history", "--since", "2026-03-01")
    assert (done.stdout.decode(), done.stderr, done.returncode) == (THREE_DAYS, b"", 0)


def test_it_begins_with_the_day_that_is_wanted(invoke: Run, three_days: None) -> None:
    lines = THREE_DAYS.splitlines()
    assert invoke("history", "--since", "2026-03-04").stdout.decode().splitlines()[1] == lines[3]
    assert invoke("history", "--since", "all").stdout.decode() == THREE_DAYS
    assert invoke("history", "--since", "999999999d").stdout.decode() == THREE_DAYS


class FixedDate(date):
    """A day on which it is always the last of March."""

    @classmethod
    def today(cls) -> FixedDate:
        return cls(2026, 3, 31)


def test_without_since_it_is_thirty_days_that_end_today(
    invoke: Run, keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(params, "date", FixedDate)
    keep(("2026-02-10T10:00+00:00", "50"), ("2026-03-31T10:00+00:00", "1"))
    for arguments in ([], ["--since", "30d"], ["--since", "030d"]):
        rows = invoke("history", "--format", "csv", *arguments).stdout.decode().splitlines()[1:]
        assert (rows[0][:10], len(rows)) == ("2026-03-02", 30)
    rows = invoke("history", "--format", "csv", "--since", "1d").stdout.decode().splitlines()[1:]
    assert [row[:10] for row in rows] == ["2026-03-31"]


@pytest.mark.parametrize(
    ("zone", "moments", "days"),
    [
        ("Asia/Shanghai", ("2026-03-02T15:00+00:00", "2026-03-02T17:00+00:00"),
         [("2026-03-02", "0.5"), ("2026-03-03", "0.5")]),
        ("Europe/Berlin", ("2026-03-28T23:00+00:00", "2026-03-29T23:00+00:00"),
         [("2026-03-29", "0.95833"), ("2026-03-30", "0.04167")]),
    ],
)  # fmt: skip
def test_days_are_those_of_the_clock_on_the_wall(
    invoke: Run, keep: Keep, monkeypatch: pytest.MonkeyPatch,
    zone: str, moments: tuple[str, str], days: list[tuple[str, str]],
) -> None:  # fmt: skip
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    keep((moments[0], "5"), (moments[1], "4"))
    found = json.loads(invoke("history", "--format", "json", "--since", "all").stdout)["days"]
    assert [(day["date"], day["spent"]) for day in found] == [(d, float(s)) for d, s in days]


@pytest.mark.parametrize(
    "since",
    ["", "yesterday", "2026-02-30", "20260301", "2026-W10-1", "0d", "-3d", "3", "d", "1e3d",
     "99999999999999999999d", "２０２６-03-01", "٣d", "2026-03-01T00:00", " all"],
)  # fmt: skip
def test_since_is_a_date_or_days_or_all(invoke: Run, since: str) -> None:
    done = invoke("history", "--since", since)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"such as 30d, nor all" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--demo", "ok", "--account", "nobody", "history"], b"the demo has one account"),
        (["--format", "json", "history"], b"stands behind the word history"),
        (["history", "--format", "json", "--output", "x.svg"], b"prints nothing"),
        (["history", "--format", "waybar"], b"'waybar' is not one of"),
        (["history", "--output", "x.pdf"], b"ends neither in .svg nor in .png"),
        (["history", "--output", "svg"], b"ends neither"),
        (["history", "--output", "."], b"is a directory"),
        (["--account", "nobody", "history"], b"there is no account"),
        (["history", "more"], b"unexpected extra argument"),
    ],
)
def test_wrong_usage(
    invoke: Run,
    three_days: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: bytes,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = invoke(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_an_account_and_its_currency(
    invoke: Run, keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(("2026-03-02T10:00+00:00", "5"), ("2026-03-02T14:00+00:00", "4"), region=Region.CHINA)
    monkeypatch.delenv("MOONSHOT_API_KEY")
    config = tmp_path / "settings.json"
    config.write_text(json.dumps({"accounts": {"cn": {"region": "china", "api_key": made_up.KEY}}}))
    before = ["--account", "cn", "--config", str(config)]
    assert "¥4.00" in invoke(*before, "history", "--since", "all").stdout.decode()
    document = json.loads(invoke(*before, "history", "--since", "all", "--format", "json").stdout)
    assert (document["account"], document["currency"]) == ("cn", "CNY")


def test_it_runs_no_key_command_and_makes_no_request(
    invoke: Run, own_file: Callable[[Any], Path], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    own_file({"api_key_command": ["touch", str(mark)], "base_url": "http://127.0.0.1:9"})
    assert b"There is no history yet" in invoke("history").stderr
    assert not mark.exists()


def test_a_problem_of_the_settings_is_reported_with_its_hint(invoke: Run) -> None:
    done = invoke("history")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert re.match(rb"Error: .*key.*\.\n.+\nNext: .+\n$", done.stderr)


@pytest.mark.parametrize("readings", [0, 1])
def test_without_a_day_there_is_a_reason_and_for_programs_an_empty_document(
    invoke: Run, keep: Keep, tmp_path: Path, readings: int
) -> None:
    keep(*[("2026-03-02T10:00+00:00", "5")][:readings])
    for name, printed in [
        ("table", b""),
        ("chart", b""),
        ("csv", b"date,opening,spent,topped_up,granted,ended,closing\n"),
        ("json", b'{"version": 1, "account": "default", "region": "international",'
                 b' "currency": "USD", "days": []}\n'),
    ]:  # fmt: skip
        done = invoke("history", "--format", name)
        assert (done.stdout, done.returncode) == (printed, 1)
        assert done.stderr.startswith(b"Error: There is no history yet")
    drawn = tmp_path / "a.svg"
    assert invoke("history", "--output", str(drawn)).returncode == 1
    assert not drawn.exists()


def test_a_first_day_after_the_last_reading_is_reported(invoke: Run, three_days: None) -> None:
    done = invoke("history", "--since", "2026-03-05")
    assert done.stderr == (
        b"Error: There is no reading of 2026-03-05 or later.\n"
        b"Next: moonshot-status history --since all\n"
    )
    assert (done.stdout, done.returncode) == (b"", 1)


def test_an_unreadable_store_is_reported(invoke: Run, three_days: None, home: Path) -> None:
    file = home / ".local" / "state" / "moonshot-status" / "balance.db"
    file.unlink()
    file.mkdir()
    done = invoke("history")
    assert done.stderr.startswith(b"Error: %s cannot be used" % str(file).encode())
    assert (done.stdout, done.returncode) == (b"", 1)


def test_standard_output_that_takes_nothing_is_no_traceback(three_days: None) -> None:
    for redirection in (">&-", "2>&- >&-", "> /dev/full", "| true"):
        command = f"{shlex.join(PROGRAM)} history --since all {redirection}"
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
        assert (done.stdout, done.stderr) == (b"", b""), redirection


def test_output_is_utf_8_without_a_locale(
    run: Run, three_days: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    assert "▲" in run("history", "--format", "chart", "--since", "all").stdout.decode()


@pytest.mark.parametrize(("region", "closing"), [("international", 49.58894), ("china", 347.12258)])
def test_the_demo_has_a_past(invoke: Run, region: str, closing: float) -> None:
    done = invoke("--demo", "ok", "--region", region, "history", "--format", "json")
    days = json.loads(done.stdout)["days"]
    assert len(days) in (30, 31)  # one more if midnight falls into this run
    assert (days[-1]["closing"], done.stderr) == (closing, b"")
    assert sum(day["topped_up"] > 0 for day in days) == 1
    assert min(day["closing"] for day in days) > 0


def test_the_demo_without_a_reading_has_none(invoke: Run) -> None:
    done = invoke("--demo", "unauthorized", "history")
    assert done.stderr.startswith(b"Error: There is no history yet")
    assert (done.stdout, done.returncode) == (b"", 1)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize(
    ("name", "mask"), [("a.png", 0o022), ("a.PNG", 0o077), ("a.svg", 0o077), ("a b.Svg", 0o022)]
)
def test_the_file_is_written_as_a_whole_and_as_the_umask_says(
    invoke: Run, three_days: None, tmp_path: Path, name: str, mask: int
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / name).write_text("old", encoding="utf-8")
    with umask(mask):
        done = invoke("history", "--since", "all", "--output", str(folder / name))
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    assert [path.name for path in folder.iterdir()] == [name]
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o666 & ~mask
    start = b"\x89PNG" if "n" in name.lower() else b"<?xml"
    assert (folder / name).read_bytes().startswith(start)


@pytest.mark.slow
def test_matplotlib_prints_nothing_in_a_fresh_process(
    run: Run, three_days: None, tmp_path: Path, home: Path
) -> None:
    before = {*home.rglob("*")}
    done = run("history", "--since", "all", "--output", str(tmp_path / "a.svg"))
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    assert (tmp_path / "a.svg").exists()
    files = [path for path in {*home.rglob("*")} - before if path.is_file()]
    assert all("matplotlib" in path.parent.name for path in files)


def test_a_file_that_cannot_be_written_is_reported_and_leaves_nothing(
    invoke: Run, three_days: None, tmp_path: Path
) -> None:
    done = invoke("history", "--since", "all", "--output", str(tmp_path / "gone" / "a.svg"))
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"No such file or directory" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_without_matplotlib_it_says_what_to_install(
    invoke: Run, three_days: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, picture.__name__)
    monkeypatch.delattr(package, "picture")
    done = invoke("history", "--since", "all", "--output", str(tmp_path / "a.svg"))
    assert (done.stdout, done.returncode) == (b"", 2)
    assert b"pip install 'moonshot-status[chart]'" in done.stderr
    assert invoke("history", "--since", "all").stdout.decode() == THREE_DAYS
    assert not (tmp_path / "a.svg").exists()
