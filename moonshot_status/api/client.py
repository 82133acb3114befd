"""Fetch the balance over HTTP: one request, within one deadline."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar
from urllib.parse import urlsplit

import urllib3
from urllib3 import exceptions

from moonshot_status import __version__
from moonshot_status.api import http_connection, tls
from moonshot_status.api.http_connection import Target
from moonshot_status.api.response import BODY_LIMIT, HttpResponse, parse_balance
from moonshot_status.core import log
from moonshot_status.core.account import Balance

PATH = "/v1/users/me/balance"
_T = TypeVar("_T")


def fetch_balance(
    base_url: str, key: str, timeout: float,
    on_response: Callable[[HttpResponse], None] | None = None,
) -> Balance:  # fmt: skip
    """Fetch the balance with one request. Raises ProblemError.

    ``timeout`` in seconds is one deadline for everything, from name lookup to last byte.
    ``on_response`` is called with the response, before it is parsed.
    """
    target, path = http_connection.find_target(base_url), urlsplit(base_url).path + PATH
    try:
        response = run_with_deadline(timeout, lambda: _exchange(target, path, key, timeout))
    except Empty as error:
        raise http_connection.problem(TimeoutError(), target, timeout) from error
    log.log(f"HTTP status {response.status}")
    if on_response:
        on_response(response)
    return parse_balance(response)


def run_with_deadline(seconds: float, call: Callable[[], _T]) -> _T:
    """Return the call's result. Raises Empty at the deadline, and whatever the call raises.

    The call runs in a thread: no socket timeout ends a name lookup that hangs or a response that
    arrives byte by byte. A late thread is abandoned; it ends with the program.
    """
    results: SimpleQueue[_T | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            results.put(call())
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            results.put(error)

    threading.Thread(target=run, daemon=True).start()
    result = results.get(timeout=seconds)
    if isinstance(result, BaseException):
        raise result
    return result


def _exchange(target: Target, path: str, key: str, timeout: float) -> HttpResponse:
    headers = {
        "Accept": "application/json",
        "Authorization": f"Bearer {key}",
        "User-Agent": f"moonshot-status/{__version__}",
    }
    connection = http_connection.open_connection(target, timeout)
    try:
        # A server that refuses early may have said why before it closed the connection.
        with suppress(ConnectionError, *tls.CUT_OFF):
            connection.request("GET", path, headers=headers, preload_content=False)
        response = connection.getresponse()
        return HttpResponse(
            response.status, dict(response.headers), _body(response, target, timeout)
        )
    except (exceptions.HTTPError, OSError, http.client.HTTPException) as error:
        raise http_connection.problem(error, target, timeout) from error
    finally:
        connection.close()


def _body(response: urllib3.BaseHTTPResponse, target: Target, timeout: float) -> bytes | None:
    """Return the inflated body, or None if it is too long or incomplete."""
    body = bytearray()
    try:
        # Not read(): with a chunk of negative size it would read without a limit.
        while piece := response.read1(BODY_LIMIT + 1 - len(body)):
            body += piece
            if len(body) > BODY_LIMIT:
                return None
    except (TimeoutError, exceptions.TimeoutError) as error:
        raise http_connection.problem(error, target, timeout) from error
    except (exceptions.HTTPError, OSError, http.client.HTTPException, ValueError) as error:
        log.log(f"the body did not arrive whole: {type(error).__name__}")
        return None
    finally:
        response.close()
    return bytes(body)
