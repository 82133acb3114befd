"""Run the endpoint on loopback, with the states of ``--demo``; the tests use the same server.

Its responses have the shapes in the provider's documentation.
"""

from __future__ import annotations

import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from moonshot_status.config.settings import BY_NAME, Options
from moonshot_status.core import strict_json
from moonshot_status.core.account import Account, Reading, Secret
from moonshot_status.core.local_time import local_time
from moonshot_status.core.regions import DEFAULT_REGION, Region
from moonshot_status.core.status import Status
from moonshot_status.core.thresholds import with_defaults
from moonshot_status.display.view import View, build_view
from moonshot_status.polling.balance import FetchPolicy, get_balance, utc_now
from moonshot_status.spending.forecast import compute_forecast
from moonshot_status.spending.ledger import Entry, History
from moonshot_status.store.database import Store

ACCOUNT = "demo"
_KEY = "sk-demo"
_AGE = timedelta(minutes=30)
# On the busiest day an hour costs seven times as much.
_PER_HOUR_ON_QUIETEST_DAY = Decimal("0.06125")
_TOP_UP_HOURS_AGO = 12 * 24


@dataclass(frozen=True)
class ServerResponse:
    """The response to a valid request: a status and a JSON body."""

    status: int
    body: bytes


def balance(available: str, voucher: str, cash: str) -> ServerResponse:
    """Return a successful response with these amounts, formatted as the endpoint formats them."""
    data = {
        "available_balance": Decimal(available),
        "voucher_balance": Decimal(voucher),
        "cash_balance": Decimal(cash),
    }
    body = {"code": 0, "data": data, "scode": "0x0", "status": True}
    return ServerResponse(200, strict_json.dumps(body).encode())


def error(status: int, kind: str, message: str) -> ServerResponse:
    """Return a failure in the documented shape."""
    body = {"error": {"message": message, "type": kind}}
    return ServerResponse(status, json.dumps(body).encode())


_REJECTED = error(401, "invalid_authentication_error", "Invalid Authentication")
_NOT_FOUND = ServerResponse(
    404,
    b'{"code":5,"error":"url.not_found","message":"","method":"GET","scode":"0x5","status":false}',
)


class _QuietServer(ThreadingHTTPServer):
    """A server that logs no client's disconnection: standard error belongs to the program."""

    def handle_error(self, *_: object) -> None:
        """Ignore a client that has disconnected."""


class Server:
    """The endpoint on a free port, with the response to every request that has one of the keys.

    ``requests`` holds the method, the path and the key of each request.
    """

    def __init__(self, response: ServerResponse, keys: tuple[str, ...] = (_KEY,)) -> None:
        self.response = response
        self.keys = keys
        self.requests: list[tuple[str, str, str]] = []
        self._http = _QuietServer(("127.0.0.1", 0), self._handler())
        self.base_url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """Close the port; a second call does nothing."""
        self._http.shutdown()
        self._http.server_close()

    def respond(self, method: str, path: str, key: str) -> ServerResponse:
        """Record the request and return its response."""
        self.requests.append((method, path, key))
        if (method, path) != ("GET", "/v1/users/me/balance"):
            return _NOT_FOUND
        return self.response if key in self.keys else _REJECTED

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                key = self.headers.get("Authorization", "").removeprefix("Bearer ")
                response = server.respond(self.command, self.path, key)
                self.send_response(response.status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                self.wfile.write(response.body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def serving(response: ServerResponse, keys: tuple[str, ...] = (_KEY,)) -> Iterator[Server]:
    """Run a server inside the block."""
    server = Server(response, keys)
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class _State:
    """Voucher and cash in dollars, and how the server fails after half an hour, if it does."""

    voucher: str = "46.58893"
    cash: str = "3.00001"
    failure: ServerResponse | None = None
    goes_offline: bool = False
    accepts_key: bool = True

    def response(self, region: Region) -> ServerResponse:
        factor = _factor(region)
        voucher, cash = Decimal(self.voucher) * factor, Decimal(self.cash) * factor
        return balance(str(voucher + max(cash, Decimal(0))), str(voucher), str(cash))

    @property
    def fails(self) -> bool:
        return self.goes_offline or self.failure is not None


_STATES = {
    "ok": _State(),
    "warning": _State("3.21", "0.00543"),
    "critical": _State("0.58", "0.00211"),
    "empty": _State("0", "0"),
    "deficit": _State("49.58894", "-0.41203"),
    "stale": _State(failure=error(503, "server_error", "The server is busy")),
    "offline": _State(goes_offline=True),
    "rate-limited": _State(
        failure=error(
            429, "rate_limit_reached_error", "Too many requests, try again after 30 seconds"
        )
    ),
    "unauthorized": _State(accepts_key=False),
}
STATES = tuple(_STATES)


def make_view(name: str, options: Options) -> View:
    """Fetch the balance of the account in this state over HTTP and return its View.

    Of the options, ``refresh`` and ``max_age`` do not count: the state decides the reading's age.
    The history is made up: five weeks of working days.
    """
    account, status = _fetch(name, options)
    history = _made_up_history(status.reading, account) if status.reading else None
    show, template = (_flag(options, name) for name in ("show", "template"))
    return build_view(
        account,
        status,
        utc_now(),
        forecast=compute_forecast(history, utc_now()) if history else None,
        show=show,
        template=template,
        hide_amount=options.hide_amount,
    )


def make_history(name: str, options: Options) -> tuple[Account, History]:
    """Return the account in this state and its history."""
    account, status = _fetch(name, options)
    return account, _made_up_history(status.reading, account) if status.reading else History()


def _factor(region: Region) -> Decimal:
    """Return the factor from the default region's amounts to those of this region."""
    return region.default_warning / DEFAULT_REGION.default_warning


def _flag(options: Options, name: str) -> Any:
    """Return the value of a setting on the command line, or its default."""
    return options.flags.get(name, BY_NAME[name].default)


def _fetch(name: str, options: Options) -> tuple[Account, Status]:
    """Fetch the balance with a store of its own."""
    state, region = _STATES[name], options.region or DEFAULT_REGION
    policy = FetchPolicy(BY_NAME["max_age"].default, _flag(options, "timeout"), utc_now())
    keys = (_KEY,) if state.accepts_key else ()
    with serving(state.response(region), keys) as server, tempfile.TemporaryDirectory() as folder:
        secret, thresholds = Secret(_KEY), with_defaults({}, region)
        account = Account(ACCOUNT, region, server.base_url, secret, thresholds)
        store = Store(Path(folder))
        if state.fails:
            _fetch_in_the_past(account, store, policy)
            _fail(server, state)
        return account, get_balance(account, store, policy)


def _made_up_history(newest: Reading, account: Account) -> History:
    """Return five weeks of hours up to this reading, with one top-up."""
    factor = _factor(account.region or DEFAULT_REGION)
    entries = []
    for hours in reversed(range(35 * 24)):
        end = newest.fetched_at - timedelta(hours=hours)
        local = local_time(end)
        is_busy = 9 <= local.hour < 18 and local.weekday() < 5
        per_hour = _PER_HOUR_ON_QUIETEST_DAY * factor * (1 + local.toordinal() * 5 % 7)
        spent = per_hour if is_busy else Decimal(0)
        topped_up = Decimal(50 * factor * (hours == _TOP_UP_HOURS_AGO))
        entries.append(Entry(end - timedelta(hours=1), end, from_cash=spent, topped_up=topped_up))
    return History(tuple(entries), newest)


def _fail(server: Server, state: _State) -> None:
    if state.goes_offline:
        server.stop()
    server.response = state.failure or server.response


def _fetch_in_the_past(account: Account, store: Store, policy: FetchPolicy) -> None:
    past = replace(policy, since=policy.since - _AGE, now=lambda: policy.now() - _AGE)
    get_balance(account, store, past)
