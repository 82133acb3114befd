"""``moonshot-status history``: each day adds up, in a table, for programs and as a chart."""

from __future__ import annotations

import csv
import io
import json
import re
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from kit import made_up
from kit.support import PROGRAM, Run
from PIL import Image

from moonshot_status import history as package
from moonshot_status import schemas
from moonshot_status.cli import output
from moonshot_status.core import strict_json
from moonshot_status.core.account import Balance, Reading
from moonshot_status.core.regions import Region
from moonshot_status.history import AMOUNTS, DailyHistory, chart, picture, table, total
from moonshot_status.history import csv as csv_format
from moonshot_status.history import json as json_format
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import exact_decimals
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import Store

SCHEMA = Draft202012Validator(schemas.load("history"))
FIRST = date(2026, 3, 2)
HOSTILE = "=1+1 $a$ <b>&\x1b[31m\n名前" + "x" * 300
ZERO = Decimal(0)
Keep = Callable[..., None]


def history(
    *facts: tuple[str, str, str, str], opening: str = "10", name: str = "work"
) -> DailyHistory:
    """Days of what was spent, topped up, granted and ended."""
    days: list[Day] = []
    for number, fact in enumerate(facts):
        start = days[-1].closing if days else Decimal(opening)
        days.append(Day(FIRST + timedelta(number), start, *map(Decimal, fact)))
    return DailyHistory(name, Region.INTERNATIONAL, tuple(days))


QUIET = ("0", "0", "0", "0")
BUSY = history(
    ("1.25", "0", "0", "0"), ("0.00001", "0", "0", "0"),
    ("2", "20", "5.5", "0"), ("0", "0", "0", "3"),
)  # fmt: skip


@pytest.fixture
def keep(home: Path, monkeypatch: pytest.MonkeyPatch) -> Keep:
    """Store readings of the account whose key is in the environment."""
    monkeypatch.setenv("MOONSHOT_API_KEY", made_up.KEY)

    def keep(*readings: tuple[str, str], region: Region = made_up.REGION) -> None:
        account = replace(made_up.ACCOUNT, region=region, base_url=f"https://{region.host}")
        store = Store(home / ".local" / "state" / "moonshot-status")
        for moment, amount in readings:
            at = datetime.fromisoformat(moment).astimezone(timezone.utc)
            used = made_up.fingerprint(made_up.KEY)
            store.save(
                account,
                AccountState(Reading(Balance(Decimal(amount)), at), None, used),
                AccountState(),
            )

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


def test_a_table_of_the_days(run: Run, three_days: None) -> None:
    done = run("history", "--since", "2026-03-01")
    assert (done.stdout.decode(), done.stderr, done.returncode) == (THREE_DAYS, b"", 0)


def test_it_begins_with_the_day_that_is_wanted(run: Run, three_days: None) -> None:
    lines = THREE_DAYS.splitlines()
    assert run("history", "--since", "2026-03-04").stdout.decode().splitlines()[1] == lines[3]
    assert run("history", "--since", "all").stdout.decode() == THREE_DAYS
    assert run("history", "--since", "999999999d").stdout.decode() == THREE_DAYS


def test_without_since_it_is_thirty_days_that_end_today(run: Run, keep: Keep) -> None:
    now = datetime.now(timezone.utc)
    keep(*(((now - timedelta(days=back)).isoformat(), "5") for back in range(40, -1, -1)))
    for arguments in ([], ["--since", "30d"], ["--since", "030d"]):
        rows = run("history", "--format", "csv", *arguments).stdout.decode().splitlines()[1:]
        assert len(rows) == 30
    rows = run("history", "--format", "csv", "--since", "1d").stdout.decode().splitlines()[1:]
    assert len(rows) == 1


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
    run: Run, keep: Keep, monkeypatch: pytest.MonkeyPatch,
    zone: str, moments: tuple[str, str], days: list[tuple[str, str]],
) -> None:  # fmt: skip
    monkeypatch.setenv("TZ", zone)
    keep((moments[0], "5"), (moments[1], "4"))
    found = json.loads(run("history", "--format", "json", "--since", "all").stdout)["days"]
    assert [(day["date"], day["spent"]) for day in found] == [(d, float(s)) for d, s in days]


@pytest.mark.parametrize(
    "since",
    ["", "yesterday", "2026-02-30", "20260301", "2026-W10-1", "0d", "-3d", "3", "d", "1e3d",
     "99999999999999999999d", "２０２６-03-01", "٣d", "2026-03-01T00:00", " all"],
)  # fmt: skip
def test_since_is_a_date_or_days_or_all(run: Run, since: str) -> None:
    done = run("history", "--since", since)
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
    run: Run, three_days: None, tmp_path: Path, arguments: list[str], words: bytes
) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_an_account_and_its_currency(
    run: Run, keep: Keep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(("2026-03-02T10:00+00:00", "5"), ("2026-03-02T14:00+00:00", "4"), region=Region.CHINA)
    monkeypatch.delenv("MOONSHOT_API_KEY")
    config = tmp_path / "settings.json"
    config.write_text(json.dumps({"accounts": {"cn": {"region": "china", "api_key": made_up.KEY}}}))
    before = ["--account", "cn", "--config", str(config)]
    assert "¥4.00" in run(*before, "history", "--since", "all").stdout.decode()
    document = json.loads(run(*before, "history", "--since", "all", "--format", "json").stdout)
    assert (document["account"], document["currency"]) == ("cn", "CNY")


def test_it_runs_no_key_command_and_asks_nobody(
    run: Run, own_file: Callable[[Any], Path], tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    own_file({"api_key_command": ["touch", str(mark)], "base_url": "http://127.0.0.1:9"})
    assert b"There is no history yet" in run("history").stderr
    assert not mark.exists()


def test_a_problem_of_the_settings_is_told_with_its_hint(run: Run) -> None:
    done = run("history")
    assert (done.stdout, done.returncode) == (b"", 1)
    assert re.match(rb"Error: .*key.*\.\n.+\nNext: .+\n$", done.stderr)


@pytest.mark.parametrize("readings", [0, 1])
def test_without_a_day_there_is_a_reason_and_for_programs_an_empty_document(
    run: Run, keep: Keep, tmp_path: Path, readings: int
) -> None:
    keep(*[("2026-03-02T10:00+00:00", "5")][:readings])
    for name, printed in [
        ("table", b""),
        ("chart", b""),
        ("csv", b"date,opening,spent,topped_up,granted,ended,closing\n"),
        ("json", b'{"version": 1, "account": "default", "region": "international",'
                 b' "currency": "USD", "days": []}\n'),
    ]:  # fmt: skip
        done = run("history", "--format", name)
        assert (done.stdout, done.returncode) == (printed, 1)
        assert done.stderr.startswith(b"Error: There is no history yet")
    drawn = tmp_path / "a.svg"
    assert run("history", "--output", str(drawn)).returncode == 1
    assert not drawn.exists()


def test_no_day_so_late_is_told(run: Run, three_days: None) -> None:
    done = run("history", "--since", "2026-03-05")
    assert done.stderr == (
        b"Error: There is no reading of 2026-03-05 or later.\n"
        b"Next: moonshot-status history --since all\n"
    )
    assert (done.stdout, done.returncode) == (b"", 1)


def test_a_store_that_cannot_be_read_is_told(run: Run, three_days: None, home: Path) -> None:
    file = home / ".local" / "state" / "moonshot-status" / "balance.db"
    file.unlink()
    file.mkdir()
    done = run("history")
    assert done.stderr.startswith(b"Error: %s cannot be used" % str(file).encode())
    assert (done.stdout, done.returncode) == (b"", 1)


@pytest.mark.parametrize("redirection", [">&-", "2>&- >&-", "> /dev/full", "| true"])
def test_standard_output_that_takes_nothing_is_no_traceback(
    three_days: None, redirection: str
) -> None:
    command = f"{PROGRAM[0]} history --since all {redirection}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert (done.stdout, done.stderr) == (b"", b"")


def test_no_locale_is_no_obstacle(
    run: Run, three_days: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    assert "▲" in run("history", "--format", "chart", "--since", "all").stdout.decode()


@pytest.mark.parametrize(("region", "closing"), [("international", 49.58894), ("china", 347.12258)])
def test_the_demo_has_a_past(run: Run, region: str, closing: float) -> None:
    done = run("--demo", "ok", "--region", region, "history", "--format", "json")
    days = json.loads(done.stdout)["days"]
    assert (len(days), days[-1]["closing"], done.stderr) == (30, closing, b"")
    assert sum(day["topped_up"] > 0 for day in days) == 1
    assert min(day["closing"] for day in days) > 0


def test_the_demo_without_a_reading_has_none(run: Run) -> None:
    done = run("--demo", "unauthorized", "history")
    assert done.stderr.startswith(b"Error: There is no history yet")
    assert (done.stdout, done.returncode) == (b"", 1)


AMOUNT = st.decimals(0, 10**6, places=5) | st.decimals(0, 10**12, places=40) | st.just(ZERO)


@st.composite
def histories(draw: st.DrawFn) -> DailyHistory:
    days: list[Day] = []
    opening = draw(AMOUNT) - draw(AMOUNT)
    for number in range(draw(st.integers(1, 30))):
        with exact_decimals():
            day = Day(FIRST + timedelta(number), opening, *(draw(AMOUNT) for _ in range(4)))
            days.append(day)
            opening = day.closing
    return DailyHistory(draw(st.text()), draw(st.sampled_from(Region)), tuple(days))


@exact_decimals()
def assert_adds_up(rows: list[dict[str, Decimal]]) -> None:
    for number, row in enumerate(rows):
        opening, spent, topped_up, granted, ended, closing = (row[name] for name in AMOUNTS)
        assert opening - spent - ended + topped_up + granted == closing
        assert number == 0 or rows[number - 1]["closing"] == opening


@given(histories())
def test_json_adds_up_exactly(history: DailyHistory) -> None:
    text = json_format.render(history)
    assert text.isascii()
    SCHEMA.validate(json.loads(text))
    document = strict_json.loads(text.encode())
    assert document["account"] == history.account
    assert [day["date"] for day in document["days"]] == [str(day.date) for day in history.days]
    assert_adds_up([{name: Decimal(day[name]) for name in AMOUNTS} for day in document["days"]])


@given(histories())
def test_csv_adds_up_exactly_and_needs_no_quotes(history: DailyHistory) -> None:
    text = csv_format.render(history)
    assert re.fullmatch(r"[a-z_,]+\n([0-9-]{10}(,-?[0-9]+(\.[0-9]+)?){6}\n)*", text)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["date"] for row in rows] == [str(day.date) for day in history.days]
    assert_adds_up([{name: Decimal(row[name]) for name in AMOUNTS} for row in rows])


@given(histories())
def test_the_table_adds_up_exactly_and_so_does_its_last_line(history: DailyHistory) -> None:
    heading, *lines = table.render(history).splitlines()
    assert len({len(line) for line in [heading, *lines]}) == 1
    columns = [match.end() for match in re.finditer(r"(?<=  )\S+( \S+)*", heading)]
    names = [name.replace(" ", "_") for name in re.split("  +", heading)[1:]]
    for line in lines:
        starts = [len("2026-03-02"), *columns]
        cells = [line[a:b].strip() for a, b in zip(starts, columns, strict=False)]
        words = {
            name: re.sub("[$¥]", "", c).replace("−", "-")
            for name, c in zip(names, cells, strict=True)
        }
        row = {name: Decimal(words.get(name) or 0) for name in AMOUNTS}
        assert_adds_up([row])


def test_the_table_has_the_columns_and_decimals_that_it_takes() -> None:
    assert table.render(BUSY) == (
        "date          opening     spent  topped up   granted     ended    closing\n"
        "2026-03-02  $10.00000  $1.25000                                  $8.75000\n"
        "2026-03-03   $8.75000  $0.00001                                  $8.74999\n"
        "2026-03-04   $8.74999  $2.00000  $20.00000  $5.50000            $32.24999\n"
        "2026-03-05  $32.24999  $0.00000                       $3.00000  $29.24999\n"
        "total       $10.00000  $3.25001  $20.00000  $5.50000  $3.00000  $29.24999\n"
    )
    assert table.render(history(("1", "0", "0", "0"), opening="0.50")) == (
        "date        opening  spent  topped up  closing\n"
        "2026-03-02    $0.50  $1.00              −$0.50\n"
    )


@given(histories(), st.integers(0, 300))
def test_the_chart_is_as_wide_as_it_may_be(history: DailyHistory, width: int) -> None:
    lines = chart.render(replace(history, account="work"), width).splitlines()
    assert max(map(len, lines)) <= min(max(width, 64), 120)
    assert all(line == line.rstrip() for line in lines)
    assert not any(ord(char) < 32 for line in lines for char in line)


SHORT = """\
work · international

closing balance, ▲ with money that came in
     $10 ┤▃▃▃▃▃▃▃▃▃▃▃▃
         │████████████            ▂▂▂▂▂▂▂▂▂▂▂▂
         │████████████            ████████████
      $5 ┤████████████            ████████████
         │████████████            ████████████
         │████████████            ████████████
      $0 ┼────────────────────────▲───────────
         │            ▔▔▔▔▔▔▔▔▔▔▔▔
         │
     −$5 ┤

spent each day
     $10 ┤            ▇▇▇▇▇▇▇▇▇▇▇
         │            ███████████
      $5 ┤            ███████████
         │▄▄▄▄▄▄▄▄▄▄▄ ███████████ ▁▁▁▁▁▁▁▁▁▁▁
      $0 ┼────────────────────────────────────
          ╵                       ╵
          2026-03-02              2026-03-04

2026-03-02 to 2026-03-04 · spent $11.40 · closing $7.10
"""


def test_the_chart_stands_and_hangs_on_its_axis() -> None:
    days = history(("1.4", "0", "0", "0"), ("9.9", "0", "0", "0"), ("0.1", "8", "0", "0"),
                   opening="10.5")  # fmt: skip
    assert chart.render(days, 80) == SHORT


def test_days_share_a_column_where_there_is_no_room_for_each() -> None:
    many = history(*[("0.5", "0", "0", "0")] * 139, ("0", "100", "0", "0"), opening="100")
    text = chart.render(many, 80)
    assert "spent in 2 days each" in text
    assert text.count("▲") == 2  # in the title and on the axis
    assert "─▲\n" in text


def test_the_last_line_of_a_narrow_chart_is_no_wider() -> None:
    text = chart.render(history(("9999.999", "0", "0", "0"), opening="0.001"), 0)
    assert max(map(len, text.splitlines())) <= 64


def test_whatever_is_more_than_nothing_is_to_be_seen() -> None:
    assert chart.render(history(QUIET, opening="0"), 80).count("▁") == 0
    tiny = history(("1e-40", "0", "0", "0"), ("100", "0", "0", "0"), opening="100")
    assert "▁" * 11 in chart.render(tiny, 80)


def test_a_name_is_one_line_of_the_chart_and_no_syntax() -> None:
    first = chart.render(replace(BUSY, account=HOSTILE), 80).splitlines()[0]
    assert first.startswith("=1+1 $a$ <b>& [31m 名前x")
    assert len(first) < 60
    assert HOSTILE not in csv_format.render(replace(BUSY, account=HOSTILE))


PICTURES = {
    "busy": BUSY,
    "hostile": replace(BUSY, account=HOSTILE, region=Region.CHINA),
    "nothing": history(QUIET, opening="0"),
    "deficit": history(("15", "0", "0", "0")),
    "large": history(("0.5", "0", "0", "0"), opening="1000000000000.12345"),
    "years": history(*[("0.01", "0", "0", "0")] * 2000),
}


@pytest.mark.parametrize("name", PICTURES)
def test_svg_is_xml_with_the_words_as_text(name: str) -> None:
    drawn = picture.draw(PICTURES[name], "svg")
    assert drawn == picture.draw(PICTURES[name], "svg")
    root = ET.fromstring(drawn)  # noqa: S314 - it is our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(word.startswith("Closing balance, ") for word in words)
    assert ("voucher lost" in words) == (name in ("busy", "hostile"))
    sign = "¥" if name == "hostile" else "$"
    assert f"{sign}0" in words
    assert "2026-03-02" in words


def test_a_name_is_no_formula_of_the_picture() -> None:
    drawn = picture.draw(PICTURES["hostile"], "svg")
    assert "=1+1 $a$ &lt;b&gt;&amp; [31m 名前xx" in drawn.decode()
    assert picture.draw(PICTURES["hostile"], "png")


@pytest.mark.parametrize("name", PICTURES)
def test_png_has_its_size_and_something_on_it(name: str) -> None:
    drawn = picture.draw(PICTURES[name], "png")
    assert drawn == picture.draw(PICTURES[name], "png")
    image = Image.open(io.BytesIO(drawn))
    assert (image.format, image.size) == ("PNG", (800, 450))
    colours = image.convert("RGB").getcolors(1 << 20) or []
    assert len(colours) > 20
    assert max(colours)[1] == (255, 255, 255)


def test_no_settings_of_matplotlib_have_a_say(
    run: Run, three_days: None, tmp_path: Path, home: Path
) -> None:
    files = [tmp_path / "a.svg", tmp_path / "b.svg"]
    assert run("history", "--since", "all", "--output", str(files[0])).returncode == 0
    (tmp_path / "matplotlibrc").write_text("axes.facecolor: black\nfont.size: 30\n")
    done = run("history", "--since", "all", "--output", str(files[1]), cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("name", ["a.png", "a.PNG", "a.svg", "a b.Svg"])
@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_file_is_written_as_a_whole_and_as_the_umask_says(
    run: Run, three_days: None, tmp_path: Path, name: str, mask: int
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / name).write_text("old")
    done = run("history", "--since", "all", "--output", str(folder / name), umask=mask)
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    assert [path.name for path in folder.iterdir()] == [name]
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o666 & ~mask
    start = b"\x89PNG" if "n" in name.lower() else b"<?xml"
    assert (folder / name).read_bytes().startswith(start)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    output.write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(
    run: Run, three_days: None, tmp_path: Path
) -> None:
    done = run("history", "--since", "all", "--output", str(tmp_path / "gone" / "a.svg"))
    assert (done.stdout, done.returncode) == (b"", 1)
    assert b"No such file or directory" in done.stderr
    (tmp_path / "full").mkdir()
    with pytest.raises(IsADirectoryError):
        output.write_file(tmp_path / "full", b"new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full", "home"]


def test_without_matplotlib_it_says_what_to_install(
    run: Run, three_days: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['matplotlib'] = None\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = run("history", "--since", "all", "--output", str(tmp_path / "a.svg"))
    assert (done.stdout, done.returncode) == (b"", 2)
    assert b"pip install 'moonshot-status[chart]'" in done.stderr
    assert run("history", "--since", "all").stdout.decode() == THREE_DAYS
    assert not (tmp_path / "a.svg").exists()


@pytest.mark.parametrize("name", ["table", "csv", "json", "chart"])
def test_matplotlib_is_for_pictures_alone(name: str) -> None:
    code = f"import {package.__name__}.{name}, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_total_of_a_day_is_the_day() -> None:
    assert total(BUSY.days[:1]) == BUSY.days[0]
    assert total(BUSY.days).closing == BUSY.days[-1].closing
