"""Parse the API's response into a Balance or a Problem. Pure.

The formats come from the provider's public documentation and from responses that users published.
The server's texts are read but never repeated, because they contain account ids.
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

from moonshot_status import schemas
from moonshot_status.core import causes, strict_json
from moonshot_status.core.account import Balance
from moonshot_status.core.errors import ProblemError

BODY_LIMIT = 64 * 1024
_AMOUNT_LIMIT = 10**12
_MAX_DECIMALS = 40
_MAX_WAIT_SECONDS = 3600
_SECONDS = re.compile(r"(?<![\w.-])(\d{1,9}(?:\.\d{1,9})?) ?(?:s|secs?|seconds?)\b", re.IGNORECASE)


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
    document = _parsed(response.body)
    error = document.get("error") if isinstance(document, dict) else None
    error_type = error.get("type") if isinstance(error, dict) else error
    wait = _retry_after(response, document)
    status = response.status
    if status in (403, 429) and error_type == "exceeded_current_quota_error":
        return ProblemError(causes.SUSPENDED, retry_after=wait)
    if status in _BY_STATUS:
        return ProblemError(_BY_STATUS[status], retry_after=wait)
    if 300 <= status < 400:
        return ProblemError(causes.REDIRECT, retry_after=wait, status=status)
    if 400 <= status < 500:
        return _api_error(document if isinstance(document, dict) else {}, response, wait)
    if 500 <= status < 600:
        return ProblemError(causes.SERVER_ERROR, retry_after=wait, status=status)
    return ProblemError(causes.NOT_A_BALANCE, retry_after=wait)


_BY_STATUS = {
    401: causes.KEY_REJECTED,
    403: causes.FORBIDDEN,
    404: causes.NOT_FOUND,
    429: causes.RATE_LIMITED,
}


def _api_error(
    document: dict[str, Any], response: HttpResponse, retry_after: int | None
) -> ProblemError:
    """Return the error with the status and, if they are well-formed, the code and the scode."""
    codes = [f"HTTP {response.status}"]
    code, scode = document.get("code"), document.get("scode")
    if type(code) is int and abs(code) < _AMOUNT_LIMIT:
        codes.append(f"code {code}")
    if isinstance(scode, str) and re.fullmatch(r"0x[0-9a-fA-F]{1,16}", scode):
        codes.append(f"scode {scode}")
    return ProblemError(causes.API_ERROR, retry_after=retry_after, codes=", ".join(codes))


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
    """Return the first number of seconds in the error text, which has two possible places, or 0."""
    if not isinstance(document, dict):
        return 0
    for part in (document.get("error"), document):
        text = part.get("message") if isinstance(part, dict) else part
        found = _SECONDS.search(text) if isinstance(text, str) else None
        if found:
            return float(found[1])
    return 0
