"""Parse the API's response into a Balance or a Problem. Pure.

The formats come from the provider's public documentation and from responses that users published.
The server's texts are read but never repeated, because they contain account ids.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeGuard

from moonshot_status import schemas
from moonshot_status.core import causes, strict_json
from moonshot_status.core.account import Balance
from moonshot_status.core.errors import Cause, ProblemError

BODY_LIMIT = 64 * 1024
_AMOUNT_LIMIT = 10**12
_MAX_DECIMALS = 40
_MAX_WAIT_SECONDS = 3600
_SECONDS = re.compile(r"(?<![\w.-])(\d{1,9}(?:\.\d{1,9})?) ?(?:s|secs?|seconds?)\b", re.IGNORECASE)
# The type of an error, and a wording that says the same.
_SUSPENSION = (
    "exceeded_current_quota_error",
    re.compile(
        r"(?<![a-z])suspended(?![a-z])|insufficient[\s_-]+(?:account[\s_-]+)?balance"
        r"|balance[\s_-]+(?:is[\s_-]+)?insufficient|余额不足",
        re.IGNORECASE,
    ),
)
_OVERLOAD = (
    "engine_overloaded_error",
    re.compile(r"(?<![a-z])overloaded(?![a-z])", re.IGNORECASE),
)


@dataclass(frozen=True)
class HttpResponse:
    """A status, the headers, and the inflated body; None for an incomplete or oversized body."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None


def parse_balance(response: HttpResponse) -> Balance:
    """Return the balance in the response. Raises ProblemError if there is none."""
    if response.status == 200:
        return _success(response)
    raise _failure(response)


def server_time(response: HttpResponse) -> datetime | None:
    """Return the time on the server's clock, or None if the response has no usable Date."""
    return _http_date(_header(response, "date"))


def _success(response: HttpResponse) -> Balance:
    document = _parsed(response.body)
    retry_after = _retry_after(response, document)
    if isinstance(document, dict) and _is_api_error(document):
        raise _api_error(document, response, retry_after)
    if schemas.mismatch(document, "balance"):
        raise ProblemError(causes.NOT_A_BALANCE, retry_after=retry_after)
    data = document["data"]
    try:
        return Balance(
            _amount(data["available_balance"]),
            *(_amount_or_none(data.get(name)) for name in ("voucher_balance", "cash_balance")),
        )
    except ValueError as error:
        raise ProblemError(causes.NOT_A_BALANCE, retry_after=retry_after) from error


def _parsed(body: bytes | None) -> Any:
    try:
        return strict_json.loads(body or b"")
    except ValueError:
        return None


def _is_api_error(document: dict[str, Any]) -> bool:
    """Return whether this is an error that comes with status 200."""
    code = document.get("code")
    failed = type(code) is int and code != 0
    return failed or document.get("status") is False or document.get("error") is not None


def _amount_or_none(written: Any) -> Decimal | None:
    return None if written is None else _amount(written)


def _amount(written: Any) -> Decimal:
    """Return the exact amount. Raises ValueError for one that is out of range."""
    amount = Decimal(written)
    if amount.copy_abs() >= _AMOUNT_LIMIT or int(amount.as_tuple().exponent) < -_MAX_DECIMALS:
        raise ValueError("an amount out of range")
    return amount if amount else amount.copy_abs()


def _failure(response: HttpResponse) -> ProblemError:
    document, status = _parsed(response.body), response.status
    wait = _retry_after(response, document)
    if 300 <= status < 400:
        return ProblemError(causes.REDIRECT, retry_after=wait, status=status)
    if 400 <= status < 500:
        return _client_error(document, response, wait)
    if status == 511 and not _is_from_api(document):
        return ProblemError(causes.NETWORK_LOGIN, retry_after=wait)
    if 500 <= status < 600:
        return ProblemError(causes.SERVER_ERROR, retry_after=wait, status=status)
    return ProblemError(causes.NOT_A_BALANCE, retry_after=wait)


def _client_error(document: Any, response: HttpResponse, retry_after: int | None) -> ProblemError:
    """Return the problem of a status from 400 to 499."""
    status = response.status
    if _tells(document, *_SUSPENSION):
        return ProblemError(causes.SUSPENDED, retry_after=retry_after)
    if status == 404:
        return ProblemError(causes.NOT_FOUND, retry_after=retry_after)
    if status == 429:
        return ProblemError(_rate_limit(document), retry_after=retry_after)
    if status not in (401, 403):
        return _api_error(document, response, retry_after)
    if not _is_from_api(document):
        return ProblemError(causes.PAGE_IN_BETWEEN, retry_after=retry_after, status=status)
    return ProblemError(
        causes.KEY_REJECTED if status == 401 else causes.FORBIDDEN, retry_after=retry_after
    )


def _rate_limit(document: Any) -> Cause:
    """Return whose limit was reached under status 429."""
    if _tells(document, *_OVERLOAD):
        return causes.OVERLOADED
    return causes.RATE_LIMITED if _is_from_api(document) else causes.LIMITED_IN_BETWEEN


def _is_from_api(document: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether this is an error in the API's own JSON, not that of something in between."""
    if not isinstance(document, dict):
        return False
    error = document.get("error")
    if isinstance(error, dict) and any(isinstance(error.get(x), str) for x in ("type", "message")):
        return True
    return type(document.get("code")) is int and isinstance(document.get("scode"), str)


def _tells(document: Any, error_type: str, wording: re.Pattern[str]) -> bool:
    """Return whether the error has this type, in any JSON, or this wording, in the API's own."""
    return error_type in _types(document) or any(map(wording.search, _messages(document)))


def _types(document: Any) -> list[Any]:
    """Return what may be the type of the error; the API writes it in several places."""
    error = document.get("error") if isinstance(document, dict) else None
    parts = [part for part in (document, error) if isinstance(part, dict)]
    return [error, *(part.get(name) for part in parts for name in ("type", "code"))]


def _messages(document: Any) -> Iterator[str]:
    """Yield the error texts of the API's own JSON, which have two possible places."""
    if _is_from_api(document):
        for part in (document.get("error"), document):
            text = part.get("message") if isinstance(part, dict) else part
            if isinstance(text, str):
                yield text


def _api_error(document: Any, response: HttpResponse, retry_after: int | None) -> ProblemError:
    """Return the error with the status and, if they are well-formed, the code and the scode."""
    codes = [f"HTTP {response.status}"]
    members = document if isinstance(document, dict) else {}
    code, scode = members.get("code"), members.get("scode")
    if type(code) is int and abs(code) < _AMOUNT_LIMIT:
        codes.append(f"code {code}")
    if isinstance(scode, str) and re.fullmatch(r"0x[0-9a-fA-F]{1,16}", scode):
        codes.append(f"scode {scode}")
    return ProblemError(
        causes.API_ERROR if _is_from_api(document) else causes.REQUEST_REFUSED,
        retry_after=retry_after,
        codes=", ".join(codes),
    )


def _retry_after(response: HttpResponse, document: Any) -> int | None:
    """Return the seconds to wait, an hour at most, or None if the server asks for no wait."""
    written = _header(response, "retry-after").strip()
    seconds: float = 0
    if re.fullmatch(r"[0-9]{1,18}", written):
        seconds = int(written)
    elif written:
        seconds = _seconds_until(written, _header(response, "date"))
    if seconds <= 0 and response.status == 429:
        seconds = _seconds_in(document)
    return min(math.ceil(seconds), _MAX_WAIT_SECONDS) if seconds > 0 else None


def _header(response: HttpResponse, name: str) -> str:
    """Return the value of the header, empty if it is missing; ``name`` is in lower case."""
    return {each.lower(): value for each, value in response.headers.items()}.get(name, "")


def _seconds_until(date: str, server_date: str) -> float:
    """Return the seconds from the server's date, or else from now, to ``date``; 0 if invalid."""
    moment, now = _http_date(date), _http_date(server_date) or datetime.now(timezone.utc)
    return (moment - now).total_seconds() if moment else 0


def _http_date(written: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(written)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


def _seconds_in(document: Any) -> float:
    """Return the first number of seconds in the error text, or 0."""
    for text in _messages(document):
        found = _SECONDS.search(text)
        if found:
            return float(found[1])
    return 0
