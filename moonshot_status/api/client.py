"""Fetch the balance over HTTP; the only module that imports urllib3."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

import urllib3
from urllib3 import exceptions

from moonshot_status import __version__
from moonshot_status.api import proxy
from moonshot_status.api.response import BODY_LIMIT, HttpResponse, parse_balance
from moonshot_status.core import causes, log
from moonshot_status.core.account import Balance
from moonshot_status.core.errors import ProblemError

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
    url = base_url + PATH
    try:
        response = run_with_deadline(timeout, lambda: _exchange(url, key, timeout))
    except Empty as error:
        raise _timeout(url, timeout) from error
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


def _exchange(url: str, key: str, timeout: float) -> HttpResponse:
    headers = {
        "Accept": "application/json",
        "Authorization": f"Bearer {key}",
        "User-Agent": f"moonshot-status/{__version__}",
    }
    with _pool(url) as pool:
        try:
            response = pool.request(
                "GET",
                url,
                headers=headers,
                timeout=urllib3.Timeout(connect=timeout, read=timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (exceptions.HTTPError, OSError, http.client.HTTPException) as error:
            raise _request_failed(error, url, timeout) from error
        return HttpResponse(response.status, dict(response.headers), _body(response, url, timeout))


def _pool(url: str) -> urllib3.PoolManager:
    if url.startswith("http:"):
        return urllib3.PoolManager()  # loopback: neither TLS nor a proxy
    try:
        tls = ssl.create_default_context()
    except OSError as error:
        raise ProblemError(causes.TLS_SETTINGS) from error
    route = proxy.route_for(url)
    if route is None:
        return urllib3.PoolManager(ssl_context=tls)
    log.log(f"through the proxy {route.host}")
    try:
        return urllib3.ProxyManager(route.url, proxy_headers=route.headers, ssl_context=tls)
    except exceptions.HTTPError as error:
        raise proxy.invalid_address() from error


def _body(response: urllib3.BaseHTTPResponse, url: str, timeout: float) -> bytes | None:
    """Return the inflated body, or None if it is too long or incomplete."""
    body = bytearray()
    try:
        # Not read(): with a chunk of negative size it would read without a limit.
        while piece := response.read1(BODY_LIMIT + 1 - len(body)):
            body += piece
            if len(body) > BODY_LIMIT:
                return None
    except (TimeoutError, exceptions.TimeoutError) as error:
        raise _timeout(url, timeout) from error
    except (exceptions.HTTPError, OSError, http.client.HTTPException, ValueError) as error:
        log.log(f"the body did not arrive whole: {type(error).__name__}")
        return None
    finally:
        response.close()
    return bytes(body)


def _request_failed(error: BaseException, url: str, timeout: float) -> ProblemError:
    """Return the error for a request that failed before a status line arrived."""
    cause = _cause(error)
    log.log(f"no answer: {type(error).__name__}, {type(cause).__name__}")
    if isinstance(cause, (TimeoutError, exceptions.TimeoutError)) and not isinstance(
        cause, exceptions.NewConnectionError
    ):
        return _timeout(url, timeout)
    if isinstance(error, exceptions.ProxyError):
        return proxy.proxy_failure(cause)
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, TLS_CUT_OFF):
        return ProblemError(causes.TLS_FAILED, host=_host(url))
    if proxy.route_for(url):
        return proxy.proxy_failure(cause)
    if isinstance(cause, (http.client.HTTPException, exceptions.InvalidHeader)) and not isinstance(
        cause, http.client.RemoteDisconnected
    ):
        return ProblemError(causes.NOT_HTTP, host=_host(url))
    return ProblemError(causes.OFFLINE, host=_host(url))


TLS_CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The errors of a connection that is closed during the handshake."""


def _cause(error: BaseException) -> BaseException:
    """Return the error of the standard library that urllib3 wrapped, or the error itself."""
    if isinstance(error, exceptions.ProxyError):
        error = error.original_error
    if isinstance(error, (exceptions.SSLError, exceptions.ProtocolError)) and isinstance(
        error.args[-1], BaseException
    ):
        return _cause(error.args[-1])
    return error


def _timeout(url: str, timeout: float) -> ProblemError:
    return ProblemError(causes.NO_RESPONSE, host=_host(url), seconds=timeout)


def _host(url: str) -> str:
    return urllib3.util.parse_url(url).netloc or url
