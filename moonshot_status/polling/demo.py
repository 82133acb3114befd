"""A server on loopback that answers as the real endpoint does, and the demo's states.

The tests talk to the same server. Its answers have the shapes of the provider's documentation.
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

from moonshot_status.config.settings import BY_NAME, Options, UnknownAccountError
from moonshot_status.core import strict_json
from moonshot_status.core.account import Account, Reading, Secret
from moonshot_status.core.regions import DEFAULT_REGION, Region
from moonshot_status.core.status import Status
from moonshot_status.core.thresholds import with_defaults
from moonshot_status.display.view import View, view_of
from moonshot_status.polling.balance import FetchPolicy, get_balance, utc_now
from moonshot_status.spending.forecast import forecast
from moonshot_status.spending.ledger import Entry, History
from moonshot_status.store.database import Store

ACCOUNT = "demo"
_KEY = "sk-demo"
_AGE = timedelta(minutes=30)
# What an hour of work costs on the quietest day; on the busiest it is seven times as much.
_AN_HOUR = Decimal("0.06125")
# So many hours before the reading.
_TOP_UP = 12 * 24


@dataclass(frozen=True)
class Reply:
    """What the server answers to a valid request: a status and a body of JSON."""

    status: int
    body: bytes


def balance(available: str, voucher: str, cash: str) -> Reply:
    """A success with these amounts, written as the endpoint writes them."""
    data = {
        "available_balance": Decimal(available),
        "voucher_balance": Decimal(voucher),
        "cash_balance": Decimal(cash),
    }
    body = {"code": 0, "data": data, "scode": "0x0", "status": True}
    return Reply(200, strict_json.dumps(body).encode())


def error(status: int, kind: str, message: str) -> Reply:
    """A failure in the documented shape."""
    return Reply(status, json.dumps({"error": {"message": message, "type": kind}}).encode())


_REJECTED = error(401, "invalid_authentication_error", "Invalid Authentication")
_NOT_FOUND = Reply(
    404,
    b'{"code":5,"error":"url.not_found","message":"","method":"GET","scode":"0x5","status":false}',
)


class _QuietServer(ThreadingHTTPServer):
    """Says nothing of clients that went away: standard error belongs to the program."""

    def handle_error(self, *_: object) -> None:
        """The client has gone."""


class Server:
    """The endpoint on a free port; ``requests`` holds each request's method, path and key."""

    def __init__(self, reply: Reply, keys: tuple[str, ...] = (_KEY,)) -> None:
        self.reply = reply
        self.keys = keys
        self.requests: list[tuple[str, str, str]] = []
        self._http = _QuietServer(("127.0.0.1", 0), self._handler())
        self.base_url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """From now on nobody answers on the port. To stop it twice does no harm."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, method: str, path: str, key: str) -> Reply:
        self.requests.append((method, path, key))
        if (method, path) != ("GET", "/v1/users/me/balance"):
            return _NOT_FOUND
        return self.reply if key in self.keys else _REJECTED

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                key = self.headers.get("Authorization", "").removeprefix("Bearer ")
                reply = server.answer(self.command, self.path, key)
                self.send_response(reply.status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


@contextmanager
def serving(reply: Reply, keys: tuple[str, ...] = (_KEY,)) -> Iterator[Server]:
    server = Server(reply, keys)
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class _State:
    """Voucher and cash in dollars, and what becomes of the server after half an hour."""

    voucher: str = "46.58893"
    cash: str = "3.00001"
    then: Reply | None = None
    vanishes: bool = False
    knows_key: bool = True

    def reply(self, region: Region) -> Reply:
        factor = _factor(region)
        voucher, cash = Decimal(self.voucher) * factor, Decimal(self.cash) * factor
        return balance(str(voucher + max(cash, Decimal(0))), str(voucher), str(cash))

    @property
    def goes_wrong(self) -> bool:
        return self.vanishes or self.then is not None


_STATES = {
    "ok": _State(),
    "warning": _State("3.21", "0.00543"),
    "critical": _State("0.58", "0.00211"),
    "empty": _State("0", "0"),
    "deficit": _State("49.58894", "-0.41203"),
    "stale": _State(then=error(503, "server_error", "The server is busy")),
    "offline": _State(vanishes=True),
    "rate-limited": _State(
        then=error(429, "rate_limit_reached_error", "Too many requests, try again after 30 seconds")
    ),
    "unauthorized": _State(knows_key=False),
}
STATES = tuple(_STATES)


def view(name: str, options: Options) -> View:
    """Go the whole way, from HTTP on, for the account in this state. Raises UnknownAccountError.

    Of the options account, max_age and refresh do not count: how old its reading is belongs to the
    state. Its past is made up: five weeks of working days.
    """
    account, status = _look_at(name, options)
    foreseen = forecast(_past(status.reading, account), utc_now()) if status.reading else None
    show, template = (_flag(options, name) for name in ("show", "template"))
    return view_of(
        account,
        status,
        utc_now(),
        forecast=foreseen,
        show=show,
        template=template,
        hide_amount=options.hide_amount,
    )


def demo_history(name: str, options: Options) -> tuple[Account, History]:
    """The account in this state and its past. Raises UnknownAccountError."""
    account, status = _look_at(name, options)
    return account, _past(status.reading, account) if status.reading else History()


def _factor(region: Region) -> Decimal:
    """Return how many times the default region's amounts are those of this region."""
    return region.default_warning / DEFAULT_REGION.default_warning


def _flag(options: Options, name: str) -> Any:
    """Return the value of a setting on the command line, or its default."""
    return options.flags.get(name, BY_NAME[name].default)


def _look_at(name: str, options: Options) -> tuple[Account, Status]:
    if options.account not in (None, ACCOUNT):
        raise UnknownAccountError(f"the demo has one account: {ACCOUNT}")
    state, region = _STATES[name], options.region or DEFAULT_REGION
    terms = FetchPolicy(BY_NAME["max_age"].default, _flag(options, "timeout"), utc_now())
    keys = (_KEY,) if state.knows_key else ()
    with serving(state.reply(region), keys) as server, tempfile.TemporaryDirectory() as folder:
        secret, thresholds = Secret(_KEY), with_defaults({}, region)
        account = Account(ACCOUNT, region, server.base_url, secret, thresholds)
        store = Store(Path(folder))
        if state.goes_wrong:
            _half_an_hour_ago(account, store, terms)
            _go_wrong(server, state)
        return account, get_balance(account, store, terms)


def _past(newest: Reading, account: Account) -> History:
    """Five weeks, by the hour, that lead to this reading; there was one top-up."""
    factor = _factor(account.region or DEFAULT_REGION)
    moves = []
    for hours in reversed(range(35 * 24)):
        end = newest.fetched_at - timedelta(hours=hours)
        local = end.astimezone()
        is_busy = 9 <= local.hour < 18 and local.weekday() < 5
        spent = _AN_HOUR * factor * (1 + local.toordinal() * 5 % 7) if is_busy else Decimal(0)
        topped_up = Decimal(50 * factor * (hours == _TOP_UP))
        moves.append(Entry(end - timedelta(hours=1), end, from_cash=spent, topped_up=topped_up))
    return History(tuple(moves), newest)


def _go_wrong(server: Server, state: _State) -> None:
    if state.vanishes:
        server.stop()
    server.reply = state.then or server.reply


def _half_an_hour_ago(account: Account, store: Store, terms: FetchPolicy) -> None:
    past = replace(terms, since=terms.since - _AGE, now=lambda: terms.now() - _AGE)
    get_balance(account, store, past)
