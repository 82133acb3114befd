"""A response is parsed into a balance or a problem, and its text is never shown."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonshot_status.api.response import HttpResponse, parse_balance
from moonshot_status.core.account import Balance
from moonshot_status.core.errors import Kind, Problem, ProblemError

CANARIES = ("org-canary1", "ak-canary2", "proj-canary3")
TEXT = f"Your account {CANARIES[0]}<{CANARIES[1]}> in {CANARIES[2]} was refused"
QUOTA = "exceeded_current_quota_error"
HTML = f"<html><title>{TEXT}</title></html>".encode()
SUCCESS = (
    '{"code":0,"data":{"available_balance":%s,"voucher_balance":46.58893,'
    '"cash_balance":3.00001},"scode":"0x0","status":true}'
)


def success(available: str) -> bytes:
    return (SUCCESS % available).encode()


def with_data(**data: Any) -> bytes:
    return json.dumps({"code": 0, "data": data, "scode": "0x0", "status": True}).encode()


def typed(kind: str) -> bytes:
    return json.dumps({"error": {"message": TEXT, "type": kind, "request_id": TEXT}}).encode()


def coded(code: Any = 5, scode: Any = "0x5", error: Any = "url.not_found") -> bytes:
    shape = {"code": code, "error": error, "message": TEXT, "method": "GET", "scode": scode}
    return json.dumps({**shape, "status": False, "ua": TEXT}).encode()


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


def said(text: Any) -> list[Any]:
    """Return the places in the API's own JSON where a text is a message."""
    return [
        {"error": {"message": text}},
        {"error": {"message": text, "type": "x"}},
        {"error": {"type": "x"}, "message": text},
        {"code": 5, "scode": "0x5", "message": text},
        {"code": 5, "scode": "0x5", "error": text},
    ]


def named(error_type: Any) -> list[Any]:
    """Return the places in JSON of anybody where a text is the type of an error."""
    return [
        {"error": error_type},
        {"error": {"type": error_type}},
        {"error": {"code": error_type}},
        {"error": {"code": error_type, "type": "x", "message": TEXT}},
        {"error": {"code": error_type, "type": None}},
        {"error": None, "type": error_type},
        {"code": error_type},
        {"error": [], "code": error_type, "message": TEXT},
    ]


def problem_of(status: int, body: bytes | None, **headers: str) -> Problem:
    """The problem that an answer means; nothing of the server's text may be in it."""
    with pytest.raises(ProblemError) as caught:
        parse_balance(HttpResponse(status, headers, body))
    problem = caught.value.problem
    for canary in (*CANARIES, "url.not_found", "_error", "<"):
        assert canary not in f"{problem.message} {problem.hint} {caught.value}"
    assert problem.message
    return problem


def test_the_documented_success_is_read_to_its_last_digit() -> None:
    balance = parse_balance(HttpResponse(200, {}, success("49.58894")))
    assert balance == Balance(Decimal("49.58894"), Decimal("46.58893"), Decimal("3.00001"))


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        (with_data(available_balance="49.58"), ("49.58", None, None)),
        (with_data(available_balance=1, voucher_balance=None, cash_balance=None), ("1",)),
        (with_data(available_balance=1, voucher_balance="0.5"), ("1", "0.5")),
        (with_data(available_balance=0, voucher_balance=0, cash_balance=-31), ("0", "0", "-31")),
        (with_data(available_balance=1, currency="XXX", more={"a": [1]}), ("1",)),
        (with_data(available_balance="1E+2"), ("100",)),
        (with_data(available_balance="-0.5"), ("-0.5",)),
        (b"\xef\xbb\xbf" + with_data(available_balance=1), ("1",)),
        (b"\r\n " + with_data(available_balance=1) + b"\n", ("1",)),
        (b'{"code":0,"status":true,"error":null,"data":{"available_balance":1}}', ("1",)),
        (success("999999999999.99999"), ("999999999999.99999", "46.58893", "3.00001")),
        (success("1e-40"), ("1e-40", "46.58893", "3.00001")),
    ],
)
def test_variants_of_success_are_accepted(body: bytes, balance: tuple[str | None, ...]) -> None:
    amounts = [None if digits is None else Decimal(digits) for digits in balance]
    assert parse_balance(HttpResponse(200, {}, body)) == Balance(*amounts)  # type: ignore[arg-type]


@pytest.mark.parametrize("zero", ["-0", "-0.0", '"-0.00"', "-0e3", "0e999999"])
def test_zero_is_written_without_sign_or_exponent(zero: str) -> None:
    assert (
        format(parse_balance(HttpResponse(200, {}, success(zero))).available, "f").strip("0.") == ""
    )
    assert len(format(parse_balance(HttpResponse(200, {}, success(zero))).available, "f")) < 50


@pytest.mark.parametrize("body", [None, b"", HTML, b"null", b"[]", b'"text"', b"[" * 60_000])
def test_what_is_no_object_is_a_bad_response(body: bytes | None) -> None:
    assert problem_of(200, body).kind is Kind.BAD_RESPONSE


WRONG_AMOUNTS = [
    "NaN", "Infinity", "-Infinity", '"NaN"', '"Infinity"', "true", "null", "[1]", "{}", '""',
    '"1,000.00"', '"$1"', '"0x1"', '"١"', '"+1"', '" 1"', "01", "1.", ".5", "1e12", "-1e12",
    '"1000000000000"', "1e99999999", '"1e9999"', "1e-41", "1e-99999999", '1,"available_balance":2',
]  # fmt: skip


@pytest.mark.parametrize(
    "amount", [*WRONG_AMOUNTS, '"0.' + "0" * 40 + '1"', "9" * 5000, "[" * 30_000 + "]" * 30_000]
)
def test_what_no_account_has_is_a_bad_response(amount: str) -> None:
    assert problem_of(200, success(amount)).kind is Kind.BAD_RESPONSE
    if amount != "null":
        cash = success("1").replace(b"3.00001", amount.replace("available", "cash").encode())
        assert problem_of(200, cash).kind is Kind.BAD_RESPONSE


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        (b"available", b"total"), (b'"data"', b'"date"'),
        (b'"code":0', b'"code":0,"code":0'), (b'"code":0', b'"code":"0"'),
        (b'"code":0', b'"code":null'), (b'"code":0', b'"code":false'), (b'"code":0,', b""),
        (b"true", b'"true"'), (b"true", b"1"), (b"true", b"null"), (b',"status":true', b""),
        (b"true}", b"true"), (b"true}", b"true}}"), (b"true}", b"true}{}"),
        (b"0x0", b"\xff"), (b"0x0", b"\n"),
    ],
)  # fmt: skip
def test_one_wrong_part_makes_a_bad_response(right: bytes, wrong: bytes) -> None:
    body = success("1").replace(right, wrong)
    assert body != success("1")
    assert problem_of(200, body).kind is Kind.BAD_RESPONSE


def test_nesting_of_any_depth_is_a_bad_response() -> None:
    for depth in range(600, 1001):
        body = success("1").replace(b"3.00001", b"[" * depth + b"]" * depth)
        assert problem_of(200, body).kind is Kind.BAD_RESPONSE


@pytest.mark.parametrize("status", [201, 202, 204, 206, 299, 199, 600, 999])
def test_any_other_status_of_success_is_a_bad_response(status: int) -> None:
    assert problem_of(status, success("1")).kind is Kind.BAD_RESPONSE


MEMBERS = ["code", "scode", "status", "data", "error", "type", "message", "available_balance"]
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["exceeded_current_quota_error", "account suspended", "overloaded", "5 s"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=6)
    ),
)


@settings(max_examples=200)
@given(st.sampled_from([200, 200, 200, 401, 403, 404, 429, 500, 511, 418]), DOCUMENTS)
def test_any_json_is_a_balance_or_a_problem(status: int, document: Any) -> None:
    try:
        balance = parse_balance(HttpResponse(status, {}, as_json(document)))
    except ProblemError:
        return
    assert status == 200
    assert document["code"] == 0
    assert document["status"] is True
    assert abs(balance.available) < 10**12


@settings(max_examples=200)
@given(DOCUMENTS)
def test_only_the_api_rejects_a_key(document: Any) -> None:
    error = document.get("error") if isinstance(document, dict) else None
    texts = [error.get(name) for name in ("type", "message")] if isinstance(error, dict) else []
    is_own = any(isinstance(text, str) for text in texts) or (
        isinstance(document, dict)
        and isinstance(document.get("code"), int)
        and not isinstance(document["code"], bool)
        and isinstance(document.get("scode"), str)
    )
    with pytest.raises(ProblemError) as caught:
        parse_balance(HttpResponse(401, {}, as_json(document)))
    allowed = {Kind.SUSPENDED, Kind.UNAUTHORIZED if is_own else Kind.BAD_RESPONSE}
    assert caught.value.problem.kind in allowed


@given(st.integers(200, 599), st.binary(max_size=80))
def test_any_bytes_are_a_problem(status: int, body: bytes) -> None:
    assert problem_of(status, body).kind is not Kind.INTERNAL


REFUSALS = [
    success("1").replace(b'"code":0', b'"code":7'),
    success("1").replace(b"true", b"false"),
    *(success("1").replace(b"true", b'true,"error":' + error) for error in (b"{}", b'""', b"0")),
]


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        *((404, raw, Kind.NOT_FOUND) for raw in (None, HTML, coded())),
        *((status, HTML, Kind.SERVER_ERROR) for status in (500, 502, 503, 510, 512, 599)),
        *((500, raw, Kind.SERVER_ERROR) for raw in (None, typed("server_error"), typed(QUOTA))),
        *((status, success("1"), Kind.REDIRECTED) for status in (300, 301, 302, 304, 307, 308)),
        *((302, raw, Kind.REDIRECTED) for raw in (None, HTML, typed(QUOTA))),
        *((status, success("1"), Kind.API_ERROR) for status in (400, 402, 408, 418, 499)),
        *((400, raw, Kind.API_ERROR) for raw in (None, HTML, coded(), typed("x"))),
        *((200, raw, Kind.API_ERROR) for raw in (coded(), typed(QUOTA), *map(as_json, said("x")))),
        *((200, raw, Kind.API_ERROR) for raw in REFUSALS),
    ],
)
def test_the_status_decides_the_kind(status: int, body: bytes | None, kind: Kind) -> None:
    assert problem_of(status, body).kind is kind


FROM_THE_API = [
    typed("invalid_authentication_error"),
    typed("incorrect_api_key_error"),
    coded(),
    coded(0, ""),
    coded(-(10**30), "any text", error=None),
    coded(error=["list"]),
    b"\xef\xbb\xbf" + typed("x"),
    b" \r\n" + typed("x") + b"\n",
    success("1"),
    *map(as_json, said(TEXT)),
    *map(as_json, ({"error": {"type": "", "more": {"a": [1]}}}, {"error": {"message": ""}})),
    as_json({"error": {"type": None, "message": TEXT}}),
    as_json({"error": {"type": ["x"], "message": TEXT, "code": 5}}),
    as_json({"error": {"type": "x", "message": {"text": TEXT}}, "code": TEXT}),
]
NOT_FROM_THE_API = [
    None, b"", b" ", b"\0", HTML, TEXT.encode(), b"<", b"\xff\xfe{\0}\0",
    b"null", b"true", b"5", b"NaN", b"[]", b"{}", b'"invalid_authentication_error"',
    b"[" * 60_000, b'{"error":' * 7_000, b"[" + typed("x") + b"]", typed("x") * 2, typed("x")[:-1],
    b"\xef\xbb\xbf" * 2 + typed("x"), typed("x").decode().encode("utf-16"),
    typed("x").replace(b'"x"', b'"\xff"'),
    b'{"error":{"type":"x","type":"x"}}', b'{"error":{"type":"x"},"error":{"type":"x"}}',
    b'{"code":5,"code":5,"scode":"0x5"}', b'{"code":5.0,"scode":"0x5"}',
    b'{"code":5e0,"scode":"0x5"}', b'{"code":-Infinity,"scode":"0x5"}',
    b'{"code":' + b"9" * 5000 + b',"scode":"0x5"}',
    *(as_json({"message": text}) for text in ("Forbidden", "Unauthorized", None, [TEXT])),
    *(as_json({"error": error}) for error in (None, True, 5, "x", [], {}, ["type", "message"])),
    as_json({"error": [{"type": "x", "message": TEXT}]}),
    as_json({"error": {"error": {"type": "x", "message": TEXT}}}),
    as_json({"data": {"error": {"type": "x", "message": TEXT}}}),
    as_json({"errors": {"type": "x"}, "type": "x", "status": 401}),
    as_json({"Error": {"Type": "x", "Message": TEXT}}),
    *(as_json({"error": {"type": value, "message": value}}) for value in (None, True, 5, [], {})),
    as_json({"error": {"code": "invalid_api_key", "request_id": TEXT}}),
    *(coded(code) for code in (True, False, None, "5", 5.5, [5], {"code": 5})),
    *(coded(scode=scode) for scode in (None, 5, True, ["0x5"], {"scode": "0x5"})),
    as_json({"code": 401, "message": "Unauthorized"}), as_json({"scode": "0x5"}),
]  # fmt: skip


@pytest.mark.parametrize("body", FROM_THE_API)
def test_the_api_is_believed_in_its_own_json(body: bytes) -> None:
    kinds = {
        401: Kind.UNAUTHORIZED, 403: Kind.FORBIDDEN, 418: Kind.API_ERROR, 429: Kind.RATE_LIMITED,
        511: Kind.SERVER_ERROR,
    }  # fmt: skip
    problems = {status: problem_of(status, body) for status in kinds}
    assert {status: problem.kind for status, problem in problems.items()} == kinds
    assert problems[418].message.startswith("The API refused the request (HTTP 418")
    assert problems[429].message == "Too many requests for this account"


@pytest.mark.parametrize("body", NOT_FROM_THE_API)
def test_anything_else_is_from_something_in_between(body: bytes | None) -> None:
    for status in (401, 403, 511):
        page = problem_of(status, body)
        assert page.kind is Kind.BAD_RESPONSE
        assert page.message == f"A page in between answered (HTTP {status}), not the API"
        assert ("log in" in page.hint) == (status == 511)
        assert ("gateway" in page.hint) == (status != 511)
        assert problem_of(status, body, **{"Retry-After": "99"}).retry_after == 99
    refusal, limit = problem_of(418, body), problem_of(429, body)
    assert (refusal.kind, limit.kind) == (Kind.API_ERROR, Kind.RATE_LIMITED)
    assert refusal.message.startswith("The request was refused (HTTP 418")
    for part in (refusal.hint, limit.message):
        assert "omething in between" in part
        assert "account" not in part


EVERY_4XX = range(400, 500)
SUSPENSIONS = [
    "Your account org-canary1<ak-canary2> is suspended, please check your plan and billing details",
    "Suspended", "SUSPENDED!", "account_suspended", "is not active, suspended7",
    "Your account is suspended due to insufficient balance", "Insufficient Balance",
    "insufficient_balance", "insufficient-balance", "insufficient \t\n balance",
    "Insufficient account balance",
    "your balance is insufficient", "Account balance insufficient", "insufficient\u00a0balance",
    "账户余额不足，请充值",
]  # fmt: skip
NO_SUSPENSIONS = [
    "", TEXT, "unsuspended", "suspendedly", "suspend", "insufficientbalance",
    "balance", "insufficient",
    "insufficient permissions to read the balance", "the balance is not insufficient", "余额",
    ["suspended"], {"text": "suspended"}, None, 5, True,
    "insufficient" + " " * 50_000, "balance" + " " * 50_000, "balance is " * 5_000,
    "insufficient account " * 3_000,
]  # fmt: skip


@pytest.mark.parametrize("status", EVERY_4XX)
def test_a_suspension_is_told_by_any_4xx(status: int) -> None:
    bodies = [*named(QUOTA), *said(SUSPENSIONS[0])]
    assert {problem_of(status, as_json(body)).kind for body in bodies} == {Kind.SUSPENDED}
    assert problem_of(status, typed(QUOTA), **{"Retry-After": "99"}).retry_after == 99


@pytest.mark.parametrize("text", SUSPENSIONS)
def test_a_suspension_is_told_by_the_wording_of_the_api_only(text: str) -> None:
    for document in said(text):
        assert problem_of(402, as_json(document)).kind is Kind.SUSPENDED
    for foreign in ({"message": text}, {"error": text}, text, [{"error": {"message": text}}]):
        assert problem_of(402, as_json(foreign)).kind is Kind.API_ERROR
        assert problem_of(403, as_json(foreign)).kind is Kind.BAD_RESPONSE
    assert problem_of(403, f"<html>{text}</html>".encode()).kind is Kind.BAD_RESPONSE


@pytest.mark.parametrize("text", NO_SUSPENSIONS)
def test_other_wordings_tell_no_suspension(text: Any) -> None:
    for document in [*said(text), *named(text)]:
        assert problem_of(402, as_json(document)).kind is Kind.API_ERROR


@pytest.mark.parametrize(
    "error_type", [[QUOTA], {"type": QUOTA}, f"{QUOTA} ", QUOTA.upper(), f"x {QUOTA}", 5, None]
)
def test_other_types_tell_no_suspension(error_type: Any) -> None:
    for document in named(error_type)[1:]:
        assert problem_of(429, as_json(document)).kind is Kind.RATE_LIMITED


OVERLOAD = "engine_overloaded_error"


def test_an_overloaded_provider_is_not_the_limit_of_the_account() -> None:
    wordings = ("The engine is currently overloaded, please try again later", "OVERLOADED")
    for document in [*named(OVERLOAD), *(each for text in wordings for each in said(text))]:
        problem = problem_of(429, as_json(document))
        assert (problem.kind, problem.message) == (Kind.RATE_LIMITED, "The provider is overloaded")
    for document in (*named("overload"), *said(["overloaded"]), *said("rate_limit_reached_error")):
        assert "overloaded" not in problem_of(429, as_json(document)).message
    for foreign in (
        b"overloaded",
        as_json({"message": "overloaded"}),
        as_json({"error": "overloaded"}),
    ):
        assert "not the API" in problem_of(429, foreign).message
    assert problem_of(418, as_json(named(OVERLOAD)[1])).kind is Kind.API_ERROR


def test_a_suspension_outweighs_an_overload() -> None:
    for text in (f"overloaded {SUSPENSIONS[0]}", f"{SUSPENSIONS[0]} overloaded"):
        assert problem_of(429, as_json(said(text)[0])).kind is Kind.SUSPENDED
    assert problem_of(429, as_json({**named(OVERLOAD)[1], "code": QUOTA})).kind is Kind.SUSPENDED


@pytest.mark.parametrize(
    ("code", "scode", "facts"),
    [
        (5, "0x5", "HTTP 200, code 5, scode 0x5"),
        (-3, "0xDEADbeef", "HTTP 200, code -3, scode 0xDEADbeef"),
        (CANARIES[0], CANARIES[1], "HTTP 200"),
        (True, "0x5 " + TEXT, "HTTP 200"),
        (10**12, "0x" + "f" * 17, "HTTP 200"),
        (1.5, "5", "HTTP 200"),
        ([1], ["0x1"], "HTTP 200"),
        (None, "0x5\n", "HTTP 200"),
    ],
)
def test_an_api_error_shows_integer_code_and_hex_scode_only(
    code: Any, scode: Any, facts: str
) -> None:
    assert f"({facts})" in problem_of(200, coded(code, scode)).message


SERVER_TIME = {"Date": "Sun, 22 Nov 2026 18:00:00 GMT"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("120", 120), (" 7 ", 7), ("3600", 3600), ("3601", 3600), ("9" * 18, 3600),
        ("0", None), ("-5", None), ("soon", None), ("", None), ("1e3", None), ("٣", None),
        ("Sun, 22 Nov 2026 18:02:00 GMT", 120),
        ("Sunday, 22-Nov-26 18:02:00 GMT", 120),
        ("Sun, 22 Nov 2026 20:02:00 +0200", 120),
        ("Sun, 22 Nov 2026 18:02:00 -0000", 120),
        ("Sun, 22 Nov 2026 18:02:00", 120),
        ("Sun, 22 Nov 2026 17:59:00 GMT", None),
        ("Mon, 22 Nov 2027 18:00:00 GMT", 3600),
        ("Sun, 99 Nov 2026 18:02:00 GMT", None),
        ("Sun, 22 Nov 2026 18:02:00 +99999999999999999999", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [429, 503, 401, 302, 204, 418])
def test_retry_after_is_used_on_any_failure(status: int, written: str, told: int | None) -> None:
    assert problem_of(status, HTML, **{"retry-AFTER": written, **SERVER_TIME}).retry_after == told


def test_a_date_of_the_server_without_a_zone_is_utc() -> None:
    headers = {
        "Retry-After": "Sun, 22 Nov 2026 18:02:00 GMT",
        "Date": "Sun, 22 Nov 2026 18:01:30 -0000",
    }
    assert problem_of(503, HTML, **headers).retry_after == 30


@pytest.mark.parametrize("body", [coded(), HTML, success("NaN"), with_data(), success("1e12")])
def test_retry_after_is_used_under_status_200_too(body: bytes) -> None:
    assert problem_of(200, body, **{"Retry-After": "120"}).retry_after == 120


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("please try again after 17 seconds", 17),
        ("try again after 1 second, please", 1),
        ("org-canary1 reached max RPM: 3, try again after 1.2s", 2),
        ("try again after 999999 seconds", 3600),
        ("try again after 0 seconds", None),
        ("org-canary12 secs, ak-12s", None),
        ("max RPM: 3", None),
        (["after 17 seconds"], None),
    ],
)
def test_seconds_in_the_text_are_used_under_status_429_only(message: Any, told: int) -> None:
    for raw in map(as_json, said(message)):
        assert problem_of(429, raw).retry_after == told
        assert problem_of(429, raw, **{"Retry-After": "rubbish"}).retry_after == told
        assert problem_of(429, raw, **{"Retry-After": "99"}).retry_after == 99
        assert problem_of(503, raw).retry_after is None


@pytest.mark.parametrize("place", ["message", "error", "type", "code"])
def test_seconds_are_not_taken_from_something_in_between(place: str) -> None:
    text = "try again after 17 seconds"
    for raw in (text.encode(), as_json(text), as_json({place: text}), as_json([{place: text}])):
        assert problem_of(429, raw).retry_after is None
        assert problem_of(429, raw, **{"Retry-After": "99"}).retry_after == 99


@given(st.text(max_size=40))
def test_any_retry_after_is_an_hour_at_most(written: str) -> None:
    told = problem_of(429, None, **{"Retry-After": written}).retry_after
    assert told is None or 0 < told <= 3600
