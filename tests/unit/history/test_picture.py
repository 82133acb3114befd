"""The daily history as a picture."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache

import matplotlib
import pytest
from kit.daily_history import BUSY, HOSTILE, QUIET, history
from PIL import Image

from moonshot_status.core.regions import Region
from moonshot_status.history import picture

PICTURES = {
    "busy": BUSY,
    "hostile": replace(BUSY, account=HOSTILE, region=Region.CHINA),
    "nothing": history(QUIET, opening="0"),
    "deficit": history(("15", "0", "0", "0")),
    "large": history(("0.5", "0", "0", "0"), opening="1000000000000.12345"),
    "years": history(*[("0.01", "0", "0", "0")] * 2000),
}
SLOW = {"svg": {"years"}, "png": {"years", "deficit", "large", "nothing"}}


def pictures(file_type: str) -> pytest.MarkDecorator:
    names = [
        pytest.param(name, marks=pytest.mark.slow if name in SLOW[file_type] else ())
        for name in PICTURES
    ]
    return pytest.mark.parametrize("name", names)


@cache
def drawn(name: str, file_type: str) -> bytes:
    return picture.draw(PICTURES[name], file_type)


@pictures("svg")
def test_svg_is_xml_with_the_words_as_text(name: str) -> None:
    root = ET.fromstring(drawn(name, "svg"))  # noqa: S314 - it is our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert any(word.startswith("Closing balance, ") for word in words)
    assert ("voucher lost" in words) == (name in ("busy", "hostile"))
    sign = "¥" if name == "hostile" else "$"
    assert f"{sign}0" in words
    assert "2026-03-02" in words


def test_a_name_is_no_formula_of_the_picture() -> None:
    assert "=1+1 $a$ &lt;b&gt;&amp; [31m 名前xx" in drawn("hostile", "svg").decode()


@pictures("png")
def test_png_has_its_size_and_something_on_it(name: str) -> None:
    image = Image.open(io.BytesIO(drawn(name, "png")))
    assert (image.format, image.size) == ("PNG", (800, 450))
    colours = image.convert("RGB").getcolors(1 << 20) or []
    assert len(colours) > 20
    assert max(colours)[1] == (255, 255, 255)


@pytest.mark.parametrize("file_type", ["svg", "png"])
def test_the_same_days_give_the_same_bytes_with_any_matplotlibrc(file_type: str) -> None:
    with matplotlib.rc_context({"axes.facecolor": "black", "font.size": 30}):
        assert picture.draw(BUSY, file_type) == drawn("busy", file_type)
