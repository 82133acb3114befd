"""An HTTP answer to a Balance, or to the Problem that it means. Pure.

What is known of the endpoint's answers comes from the provider's public documentation and from
captures that users published. Texts of the server are read but never repeated: they carry ids.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

from moonshot_status import schemas, strictjson
from moonshot_status.account import Balance
from moonshot_status.errors import Kind, ProblemError

BODY_LIMIT = 64 * 1024
_AMOUNT_LIMIT = 10**12
_MOST_DECIMALS = 40
_LONGEST_WAIT = 3600
_SECONDS = re.compile(r"(?<![\w.-])(\d{1,9}(?:\.\d{1,9})?) ?(?:s|secs?|seconds?)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """A status, the headers, and the inflated body; None for one that did not arrive whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


def balance_from(answer: Answer) -> Balance:
    """The balance that the answer tells. Raises ProblemError."""
    if answer.status == 200:
        return _success(answer)
    raise _failure(answer)


def server_time(answer: Answer) -> datetime | None:
    """What the server's clock showed, if its answer says so."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return _http_date(headers.get("date", ""))


def _success(answer: Answer) -> Balance:
    document = _parsed(answer.body)
    told = _told(answer, document)
    if isinstance(document, dict) and _is_api_error(document):
        raise _api_error(document, answer, told)
    if schemas.mismatch(document, "balance"):
        raise _bad_response(told)
    data = document["data"]
    try:
        return Balance(
            _amount(data["available_balance"]),
            *(_amount_or_none(data.get(name)) for name in ("voucher_balance", "cash_balance")),
        )
    except ValueError as error:
        raise _bad_response(told) from error


def _parsed(body: bytes | None) -> Any:
    try:
        return strictjson.loads(body or b"")
    except ValueError:
        return None


def _is_api_error(document: dict[str, Any]) -> bool:
    """Whether this is an error that comes with status 200."""
    code = document.get("code")
    failed = type(code) is int and code != 0
    return failed or document.get("status") is False or document.get("error") is not None


def _amount_or_none(written: Any) -> Decimal | None:
    return None if written is None else _amount(written)


def _amount(written: Any) -> Decimal:
    """The exact amount. Raises ValueError for one that no account has."""
    amount = Decimal(written)
    if amount.copy_abs() >= _AMOUNT_LIMIT or int(amount.as_tuple().exponent) < -_MOST_DECIMALS:
        raise ValueError("an amount that no account has")
    return amount if amount else amount.copy_abs()


def _failure(answer: Answer) -> ProblemError:
    document = _parsed(answer.body)
    error = document.get("error") if isinstance(document, dict) else None
    named = error.get("type") if isinstance(error, dict) else error
    told = _told(answer, document)
    status = answer.status
    if status in (403, 429) and named == "exceeded_current_quota_error":
        return ProblemError(
            Kind.SUSPENDED, "The account is suspended", "Check billing in the console.", told
        )
    if status in _BY_STATUS:
        return ProblemError(*_BY_STATUS[status], told)
    if 300 <= status < 400:
        return ProblemError(
            Kind.REDIRECTED,
            f"The answer is a redirect (HTTP {status}), which a key must not follow",
            "Check the base URL, and whether the network wants a login in a browser.",
            told,
        )
    if 400 <= status < 500:
        return _api_error(document if isinstance(document, dict) else {}, answer, told)
    if 500 <= status < 600:
        return ProblemError(
            Kind.SERVER_ERROR, f"The API has a fault (HTTP {status})", "It is tried again.", told
        )
    return _bad_response(told)


_BY_STATUS = {
    401: (
        Kind.UNAUTHORIZED,
        "The key was rejected, or it belongs to the other region",
        "Check key and region in the settings, then run moonshot-status --refresh.",
    ),
    403: (
        Kind.FORBIDDEN,
        "This key is not allowed to read the balance",
        "Check in the console whether the key is limited, to some IP addresses for example.",
    ),
    404: (Kind.NOT_FOUND, "There is no balance at this address (HTTP 404)", "Check the base URL."),
    429: (
        Kind.RATE_LIMITED,
        "Too many requests for this account",
        "The next one is made when its time has come; other programs with this key count too.",
    ),
}


def _api_error(document: dict[str, Any], answer: Answer, told: int | None) -> ProblemError:
    """Name the status, the code and the scode if they are what they should be, and no more."""
    facts = [f"HTTP {answer.status}"]
    code, scode = document.get("code"), document.get("scode")
    if type(code) is int and abs(code) < _AMOUNT_LIMIT:
        facts.append(f"code {code}")
    if isinstance(scode, str) and re.fullmatch(r"0x[0-9a-fA-F]{1,16}", scode):
        facts.append(f"scode {scode}")
    return ProblemError(
        Kind.API_ERROR,
        f"The API refused the request ({', '.join(facts)})",
        "It is tried again; the provider's documentation explains the codes.",
        told,
    )


def _bad_response(told: int | None) -> ProblemError:
    return ProblemError(
        Kind.BAD_RESPONSE,
        "The answer is not a balance",
        "A login page of the network or a gateway may be in between.",
        told,
    )


def _told(answer: Answer, document: Any) -> int | None:
    """The seconds that the server wants us to wait, an hour at most; None if it says nothing."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    written = headers.get("retry-after", "").strip()
    seconds: float = 0
    if re.fullmatch(r"[0-9]{1,18}", written):
        seconds = int(written)
    elif written:
        seconds = _until(written, headers.get("date", ""))
    if seconds <= 0 and answer.status == 429:
        seconds = _seconds_in(document)
    return min(math.ceil(seconds), _LONGEST_WAIT) if seconds > 0 else None


def _until(date: str, server_date: str) -> float:
    """Seconds from the server's own date, if it gives one, to ``date``; 0 for rubbish."""
    moment, now = _http_date(date), _http_date(server_date) or datetime.now(timezone.utc)
    return (moment - now).total_seconds() if moment else 0


def _http_date(written: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _seconds_in(document: Any) -> float:
    """The first number of seconds in an error text, which stands in one of two places."""
    if not isinstance(document, dict):
        return 0
    for part in (document.get("error"), document):
        text = part.get("message") if isinstance(part, dict) else part
        found = _SECONDS.search(text) if isinstance(text, str) else None
        if found:
            return float(found[1])
    return 0
