"""For any input from outside, every format prints something well-formed, and nothing breaks."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from kit import menus, stored
from kit.support import KEY

from moonshot_status import formats, schemas
from moonshot_status.api import client, proxy
from moonshot_status.api.response import HttpResponse, parse_balance
from moonshot_status.config import codexbar, key_sources
from moonshot_status.config.settings import Options
from moonshot_status.core import causes, paths
from moonshot_status.core.account import Balance
from moonshot_status.core.errors import ProblemError
from moonshot_status.display.view import View
from moonshot_status.polling import poll
from moonshot_status.store.database import FILE_NAME

NAMES = formats.names()
OUTPUT = Draft202012Validator(schemas.load("output"))
# The examples of one test share its home folder, and replace what is in it.
EXAMPLES = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
Answers = Callable[[Callable[..., Balance]], None]
Write = Callable[[Any], Path]


def read_waybar(text: str) -> None:
    module = json.loads(text)
    for markup in (module["text"], module["tooltip"]):
        ElementTree.fromstring(f"<markup>{markup}</markup>")  # noqa: S314


# What reads a format strictly, and the most lines that it may have.
READERS: dict[str, tuple[Callable[[str], Any], int]] = {
    "json": (lambda text: OUTPUT.validate(json.loads(text)), 1), "plain": (str, 1),
    "waybar": (read_waybar, 1), "i3blocks": (str, 3), "xbar": (menus.parse, 30),
    "swiftbar": (lambda text: menus.parse(text, frozenset(menus.SWIFTBAR_KEYS)), 30),
}  # fmt: skip


def shown(**options: Any) -> View:
    """Return the View of a poll after checking that every format renders it."""
    view = poll.poll(Options(**options), ("/opt/moonshot-status",))
    for name in NAMES:
        text = formats.renderer(name)(view).text
        assert text.endswith("\n")
        assert len(text) < 5000
        assert all(line.isprintable() for line in text[:-1].split("\n"))
        read, most = READERS.get(name, (str, 100))
        read(text)
        assert text.count("\n") <= most
    return view


def kind(view: View) -> str | None:
    return view.problem.kind.value if view.problem else None


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Return the function that replaces the request; at first there is a balance of one."""
    monkeypatch.setenv("MOONSHOT_API_KEY", KEY)

    def use(fetch: Callable[..., Balance]) -> None:
        monkeypatch.setattr(client, "fetch_balance", fetch)

    use(lambda *_: Balance(Decimal(1)))
    return use


# Answers

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda own: st.lists(own, max_size=3) | st.dictionaries(st.text(max_size=8), own),
    max_leaves=6,
)
AMOUNTS = st.decimals(-(10**13), 10**13).map(str) | ANY_JSON | st.sampled_from(
    [0, -1, 1e11, -31.14918, "49.58", "1e-40", "-0", 10**12, "1e-99", "0e9999", True, "x"]
)  # fmt: skip
NEARLY = st.fixed_dictionaries(
    {"code": st.just(0) | ANY_JSON, "status": st.just(True) | ANY_JSON}, optional={
    "data": st.dictionaries(st.sampled_from(["available_balance", "cash_balance"]), AMOUNTS),
    "error": st.just({"type": "exceeded_current_quota_error"}) | ANY_JSON,
    "scode": st.just("0x5") | ANY_JSON,
    "message": st.sampled_from(["wait 5 seconds", "wait 99999999999 s", "--- | a=b"])},
)  # fmt: skip
BODIES = st.none() | st.binary() | (ANY_JSON | NEARLY).map(lambda d: json.dumps(d).encode())
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "retry-after", "Date"]),
    st.sampled_from(["5", "-1", "9" * 18, "Sun, 22 Nov 2026 18:46:24 GMT"]) | st.text(max_size=30),
)
KINDS = {
    200: {None, "bad-response", "api-error"}, 204: {"bad-response"}, 302: {"redirected"},
    401: {"unauthorized", "suspended", "bad-response"}, 404: {"not-found"},
    403: {"forbidden", "suspended", "bad-response"}, 418: {"api-error", "suspended"},
    429: {"rate-limited", "suspended"}, 500: {"server-error"},
    511: {"bad-response", "server-error"},
}  # fmt: skip


@EXAMPLES
@given(st.sampled_from([200] * 9 + list(KINDS)), HEADERS, BODIES)
def test_any_answer_is_a_balance_or_a_problem_of_its_status(
    answers: Answers, code: int, headers: dict[str, str], body: bytes | None
) -> None:
    answers(lambda *_: parse_balance(HttpResponse(code, headers, body)))
    (paths.state_folder() / FILE_NAME).unlink(missing_ok=True)
    view = shown()
    assert kind(view) in KINDS[code]
    if view.balance and body:
        sent = json.loads(body, parse_float=Decimal)["data"]["available_balance"]
        assert view.balance.available == Decimal(sent)


# Settings

SECRETS = st.sampled_from([KEY, "'' ", f"sk-kimi-{KEY}", f"{KEY}\n{KEY}", "sk-\ud800", "é"])
SETTINGS = st.fixed_dictionaries({}, optional={
    "region": st.sampled_from(["china", " 'China'", "mars", "", None]),
    "api_key": SECRETS | ANY_JSON,
    "api_key_command": st.sampled_from([["echo", KEY], ["false"], ["/"], [""], [], "echo"]),
    "base_url": st.sampled_from(["http://[::1]:8/v1", "https://u:p@h", "https://["]) | st.text(),
    "max_age": st.sampled_from([0, 1e9, 1e-300, -1, float("nan"), "5"]) | st.floats(),
    "thresholds": st.dictionaries(st.sampled_from(["warning", "critical", "x"]), AMOUNTS)},
)  # fmt: skip
ENTRIES = st.dictionaries(st.sampled_from(["apiKey", "apiKeyRegion", "region"]), SECRETS | ANY_JSON)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
NAMED = st.fixed_dictionaries({"accounts": st.dictionaries(ANY_TEXT, SETTINGS) | ANY_JSON})
FILES = st.binary() | st.just(b"[" * 99_999) | (
    (SETTINGS | NAMED | ANY_JSON | ENTRIES.map(lambda e: {"providers": [{"id": "moonshot", **e}]}))
    .map(lambda document: json.dumps(document).encode())
)  # fmt: skip
SETTLED = {None, "config", "no-key", "bad-key", "wrong-product"}


def kinds_for(raw: bytes) -> set[str | None]:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return {"config"}
    return SETTLED


@EXAMPLES
@given(FILES)
def test_any_file_of_ours_is_used_or_refused(own_file: Write, raw: bytes) -> None:
    own_file("").write_bytes(raw)
    assert kind(shown(refresh=True)) in kinds_for(raw)


@EXAMPLES
@given(FILES)
def test_any_file_of_codexbar_is_used_or_refused_where_it_is_needed(
    own_file: Write, home: Path, monkeypatch: pytest.MonkeyPatch, raw: bytes
) -> None:
    path = home / ".codexbar" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(raw)
    own_file({})
    passed_over = kinds_for(raw) == {"config"}
    assert kind(shown(refresh=True)) in ({None} if passed_over else SETTLED)
    with monkeypatch.context() as patch:
        patch.delenv("MOONSHOT_API_KEY")
        expected = {"no-key"} if codexbar.is_blank(raw) else kinds_for(raw)
        assert kind(shown(refresh=True)) in expected
    own_file({"api_key": KEY})
    assert kind(shown(refresh=True)) is None


def test_a_file_that_vanishes_is_no_trouble(
    own_file: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, choose = own_file({"api_key": KEY}), key_sources.choose
    monkeypatch.setattr(key_sources, "choose", lambda *args: (choose(*args), path.unlink())[0])
    assert kind(shown()) is None


VARIABLES = st.sampled_from(
    ["MOONSHOT_API_KEY", "MOONSHOT_KEY", "MOONSHOT_REGION", "MOONSHOT_BASE_URL", "NO_PROXY", "TZ",
     "HTTPS_PROXY", "CODEXBAR_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"]
)  # fmt: skip
# No folder is to be made somewhere else on this machine.
VALUES = st.binary(max_size=30).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"").lstrip(b"/")))
VALUES |= st.sampled_from(["", " ", "/dev/null", "/dev/zero", "~nobody/x", "https://[::1", "x:y@z"])


@EXAMPLES
@given(st.dictionaries(VARIABLES, VALUES))
def test_any_environment_is_used_or_refused(home: Path, variables: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        for name, value in variables.items():
            patch.setenv(name, value)
        assert kind(shown()) in {*SETTLED, "store"}
        with suppress(ProblemError):
            proxy.route_for("https://api.moonshot.ai/v1")


@EXAMPLES
@given(ANY_TEXT.filter(bool), st.data())
def test_any_account_has_its_name(own_file: Write, name: str, data: st.DataObject) -> None:
    names = data.draw(st.permutations([name, "another account"]))
    own_file({"accounts": {own: {"api_key": KEY} for own in names}})
    assert shown(account=name).account == name


# The store

CELLS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.binary(max_size=9) | (
    st.sampled_from(["1e-99999", "0e-99999", "NaN", "-1e11", "1e13", "--- | a=b\n<b>", "offline"])
)  # fmt: skip
COLUMNS = st.sampled_from(
    [f"reading.{name}" for name in ("fetched_at", "available", "voucher", "cash", "key")]
    + [f"attempt.{name}" for name in ("started_at", "ended_at", "kind")]
    + [f"attempt.{name}" for name in ("cause", "facts", "retry_after", "failures", "retry_at")]
)


def failing(*_: object) -> Balance:
    raise ProblemError(causes.OFFLINE, host="api.moonshot.ai")


@pytest.fixture
def kept(answers: Answers) -> Path:
    """Create a store with a reading and a failure after it; its tables take any value."""
    shown()
    answers(failing)
    shown(refresh=True)
    file = paths.state_folder() / FILE_NAME
    stored.allow_any_value(file)
    return file


def is_shown_and_mended(answers: Answers) -> None:
    """Check that polls show what is stored, a new failure and then a new balance."""
    answers(failing)
    for refresh in (False, True):
        assert kind(shown(refresh=refresh)) in {None, "offline", "store"}
    answers(lambda *_: Balance(Decimal(2)))
    view = shown(refresh=True)
    # A wait that the server asked for may be stored, or a row that claims to be newer.
    assert view.balance or kind(view) == "offline"


@EXAMPLES
@given(st.dictionaries(COLUMNS, CELLS, min_size=1, max_size=3))
def test_any_row_is_read_or_put_aside(answers: Answers, kept: Path, cells: dict[str, Any]) -> None:
    good = kept.read_bytes()
    stored.set_cells(kept, cells)
    is_shown_and_mended(answers)
    kept.write_bytes(good)


@EXAMPLES
@given(st.lists(st.tuples(st.integers(0), st.integers(1, 255)), min_size=1, max_size=9))
def test_flipped_bytes_are_read_or_put_aside(
    answers: Answers, kept: Path, flips: list[tuple[int, int]]
) -> None:
    good = kept.read_bytes()
    used = [place for place, byte in enumerate(good) if byte]
    damaged = bytearray(good)
    for place, flip in flips:
        damaged[used[place % len(used)]] ^= flip
    kept.write_bytes(damaged)
    is_shown_and_mended(answers)
    kept.write_bytes(good)


def test_damage_whose_message_is_no_text_is_damage(answers: Answers, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b"TABLE reading", b"\xffABLE reading"))
    is_shown_and_mended(answers)
