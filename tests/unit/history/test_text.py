"""The daily history as text: each day adds up, in a table, for programs and as a chart."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from kit.daily_history import BUSY, FIRST, HOSTILE, QUIET, history

from moonshot_status import schemas
from moonshot_status.core import strict_json
from moonshot_status.core.regions import Region
from moonshot_status.history import AMOUNTS, DailyHistory, chart, table, total
from moonshot_status.history import csv as csv_format
from moonshot_status.history import json as json_format
from moonshot_status.spending.daily import Day
from moonshot_status.spending.ledger import exact_decimals

SCHEMA = Draft202012Validator(schemas.load("history"))
ZERO = Decimal(0)

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


def test_any_amount_above_zero_is_visible() -> None:
    assert chart.render(history(QUIET, opening="0"), 80).count("▁") == 0
    tiny = history(("1e-40", "0", "0", "0"), ("100", "0", "0", "0"), opening="100")
    assert "▁" * 11 in chart.render(tiny, 80)


def test_a_name_is_one_line_of_the_chart_and_no_syntax() -> None:
    first = chart.render(replace(BUSY, account=HOSTILE), 80).splitlines()[0]
    assert first.startswith("=1+1 $a$ <b>& [31m 名前x")
    assert len(first) < 60
    assert "1+1" not in csv_format.render(replace(BUSY, account=HOSTILE))


def test_the_total_of_a_day_is_the_day() -> None:
    assert total(BUSY.days[:1]) == BUSY.days[0]
    assert total(BUSY.days).closing == BUSY.days[-1].closing


def test_no_text_needs_matplotlib() -> None:
    modules = ", ".join(module.__name__ for module in (table, csv_format, json_format, chart))
    code = f"import {modules}, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
