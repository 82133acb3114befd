"""One GET of the balance; the only module that imports urllib3."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TypeVar

import urllib3
from urllib3.exceptions import (
    HTTPError,
    InvalidHeader,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    SSLError,
)
from urllib3.exceptions import TimeoutError as Urllib3Timeout

from moonshot_status import __version__, debug, proxy
from moonshot_status.account import Balance
from moonshot_status.answer import BODY_LIMIT, Answer, balance_from
from moonshot_status.errors import Kind, ProblemError

PATH = "/v1/users/me/balance"
_T = TypeVar("_T")


def fetch_balance(
    base_url: str, key: str, timeout: float, hear: Callable[[Answer], None] | None = None
) -> Balance:
    """Ask for the balance once, within ``timeout`` seconds from name lookup to last byte.

    ``hear`` is told the answer as it came, whatever it means. Raises ProblemError.
    """
    url = base_url + PATH
    try:
        answer = within(timeout, lambda: _exchange(url, key, timeout))
    except Empty as error:
        raise _timeout(url, timeout) from error
    debug.say(f"HTTP status {answer.status}")
    if hear:
        hear(answer)
    return balance_from(answer)


def within(seconds: float, call: Callable[[], _T]) -> _T:
    """The call's result, or Empty when the time is up.

    The call runs in a thread of its own: no timeout of a socket ends a name lookup that hangs
    or an answer that drips. A thread that is late is left behind; it ends with the program.
    """
    results: SimpleQueue[_T | BaseException] = SimpleQueue()

    def run() -> None:
        try:
            results.put(call())
        except BaseException as error:  # noqa: BLE001 - it is raised by the one who waits
            results.put(error)

    threading.Thread(target=run, daemon=True).start()
    result = results.get(timeout=seconds)
    if isinstance(result, BaseException):
        raise result
    return result


def _exchange(url: str, key: str, timeout: float) -> Answer:
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
        except (HTTPError, OSError, http.client.HTTPException) as error:
            raise _no_answer(error, url, timeout) from error
        return Answer(response.status, dict(response.headers), _body(response, url, timeout))


def _pool(url: str) -> urllib3.PoolManager:
    if url.startswith("http:"):
        return urllib3.PoolManager()  # loopback: neither TLS nor a proxy
    try:
        tls = ssl.create_default_context()
    except OSError as error:
        raise _tls("The TLS settings of this machine cannot be used") from error
    route = proxy.for_url(url)
    if route is None:
        return urllib3.PoolManager(ssl_context=tls)
    debug.say(f"through the proxy {route.host}")
    try:
        return urllib3.ProxyManager(route.url, proxy_headers=route.headers, ssl_context=tls)
    except HTTPError as error:
        raise proxy.unusable() from error


def _body(response: urllib3.BaseHTTPResponse, url: str, timeout: float) -> bytes | None:
    """The inflated body, or None where it is too long or did not arrive whole."""
    body = bytearray()
    try:
        # Not read(): a chunk of a negative size would have it read all that ever comes.
        while piece := response.read1(BODY_LIMIT + 1 - len(body)):
            body += piece
            if len(body) > BODY_LIMIT:
                return None
    except (TimeoutError, Urllib3Timeout) as error:
        raise _timeout(url, timeout) from error
    except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
        debug.say(f"the body did not arrive whole: {type(error).__name__}")
        return None
    finally:
        response.close()
    return bytes(body)


def _no_answer(error: BaseException, url: str, timeout: float) -> ProblemError:
    """What an exchange that ended before its status line has to be called."""
    cause = _cause(error)
    debug.say(f"no answer: {type(error).__name__}, {type(cause).__name__}")
    if isinstance(cause, (TimeoutError, Urllib3Timeout)) and not isinstance(
        cause, NewConnectionError
    ):
        return _timeout(url, timeout)
    if isinstance(error, ProxyError):
        return proxy.failed(cause)
    if isinstance(cause, ssl.SSLError) and not isinstance(cause, TLS_CUT_OFF):
        return _tls(f"The certificate of {_host(url)} cannot be trusted, or TLS failed")
    if proxy.for_url(url):
        return proxy.failed(cause)
    if isinstance(cause, (http.client.HTTPException, InvalidHeader)) and not isinstance(
        cause, http.client.RemoteDisconnected
    ):
        return ProblemError(
            Kind.BAD_RESPONSE,
            f"{_host(url)} answered with something that is not HTTP",
            "A login page of the network or a gateway may be in between.",
        )
    return _offline(url)


# The other side went away in the middle of the handshake.
TLS_CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


def _cause(error: BaseException) -> BaseException:
    """The error of the standard library that urllib3 wrapped, if it wrapped one."""
    if isinstance(error, ProxyError):
        error = error.original_error
    if isinstance(error, (SSLError, ProtocolError)) and isinstance(error.args[-1], BaseException):
        return _cause(error.args[-1])
    return error


def _timeout(url: str, timeout: float) -> ProblemError:
    return ProblemError(
        Kind.TIMEOUT,
        f"No answer from {_host(url)} within {timeout:g} s",
        "The network is slow, or something in it swallows the request.",
    )


def _offline(url: str) -> ProblemError:
    return ProblemError(
        Kind.OFFLINE, f"{_host(url)} cannot be reached", "Is there a network connection?"
    )


def _tls(message: str) -> ProblemError:
    return ProblemError(
        Kind.TLS,
        message,
        "Is the clock right? Behind a proxy that inspects TLS, name its CA file in SSL_CERT_FILE.",
    )


def _host(url: str) -> str:
    return urllib3.util.parse_url(url).netloc or url
