"""An account whose situation a test chooses, as a user's home folder and a server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

from kit.bars.desktop import wait_for
from moonshot_status.api import client
from moonshot_status.core.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.core.errors import Kind
from moonshot_status.core.regions import Region
from moonshot_status.polling import demo
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import Store

PROGRAM = Path(sys.executable).with_name("moonshot-status")
KEY = "sk-canary0123456789"
OK = demo.balance("49.58894", "46.58893", "3.00001")
DEFICIT = demo.balance("49.58894", "49.58894", "-0.41203")
LEVELS = {
    "ok": OK,
    "warning": demo.balance("3.21543", "3.21", "0.00543"),
    "critical": demo.balance("0.58211", "0.58", "0.00211"),
    "empty": demo.balance("0", "0", "0"),
}
# A sitecustomize that breaks the program while a file of this name is in its folder.
_BREAK = f"""
import pathlib
if pathlib.Path(__file__).with_name("broken").exists():
    import {client.__name__} as client
    client.parse_balance = None
"""


class Server(demo.Server):
    """The endpoint, which can also keep silent for a while."""

    silence = 0.0

    def respond(self, method: str, path: str, key: str) -> demo.ServerResponse:
        time.sleep(self.silence)
        return super().respond(method, path, key)


class Bench:
    """A home with the program in ``~/.local/bin`` and its settings file, and the server."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.server = Server(OK, (KEY,))
        self.state = home / ".local" / "state" / "moonshot-status"
        self._broken = home / "site" / "broken"
        (home / "site").mkdir()
        (home / "site" / "sitecustomize.py").write_text(_BREAK)
        (home / ".local" / "bin").mkdir(parents=True)
        (home / ".local" / "bin" / "moonshot-status").symlink_to(PROGRAM)
        self._opened = home / "opened"
        opener = home / ".local" / "bin" / "xdg-open"
        opener.write_text(f'#!/bin/sh\nprintf %s "$1" > {self._opened}\n')
        opener.chmod(0o755)
        self.key = KEY
        self.environment = {
            "PYTHONPATH": str(home / "site"),
            "HTTPS_PROXY": "http://127.0.0.1:9",  # Loopback never goes there.
        }
        self.reset()

    def reset(self) -> None:
        """A working account, of which nothing was read yet."""
        self._broken.unlink(missing_ok=True)
        self._opened.unlink(missing_ok=True)
        if self.state.is_file():
            self.state.unlink()
        for path in self.state.glob("balance.db*"):
            path.unlink()
        self.server.response, self.server.keys, self.server.silence = OK, (KEY,), 0.0
        self.server.requests.clear()
        self.configure()

    def configure(self, **changes: Any) -> None:
        """Write the settings; a change to None leaves a setting out."""
        settings = {"api_key": KEY, "base_url": self.server.base_url, "max_age": 0, "timeout": 5}
        settings.update(changes)
        path = self.home / ".config" / "moonshot-status" / "config.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({k: v for k, v in settings.items() if v is not None}))
        path.chmod(0o600)

    def live_through(self, days: int, left: str) -> None:
        """Have it spend in working hours for so many days, until so much is left in vouchers."""
        address = self.server.base_url
        account = Account("default", Region.INTERNATIONAL, address, Secret(KEY))
        store, now, worth = Store(self.state), datetime.now(timezone.utc), Decimal(left)
        readings = []
        for hour in range(days * 24):
            moment = now - timedelta(hours=hour + 1)
            readings.append(Reading(Balance(worth, worth, Decimal(0)), moment))
            if 9 <= moment.hour < 18 and moment.weekday() < 5:
                worth += Decimal(1 + moment.toordinal() * 5 % 7) / 16
        for reading in reversed(readings):
            store.save(account, AccountState(reading, None, fingerprint(KEY)), AccountState())

    def poll(self, *arguments: str) -> bytes:
        """Run the program once, as a user of this home."""
        environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", **self.environment}
        command = [str(PROGRAM), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, check=False).stdout

    def notes(self) -> list[str]:
        """Message and hint of the problem that the account has now."""
        problem = json.loads(self.poll("--format", "json"))["problem"]
        return [problem["message"], problem["hint"]]

    def opened(self) -> str:
        """The address that was opened in the browser."""
        wait_for("the browser", self._opened.exists)
        return wait_for("its address", self._opened.read_text)

    def go_wrong(self, kind: Kind) -> None:
        """A reading first, and then the fault, which the next poll meets."""
        self.reset()
        self.poll()
        _FAULTS[kind](self)


def _reply(status: int, body: bytes = b"") -> Callable[[Bench], None]:
    def fault(bench: Bench) -> None:
        bench.server.response = demo.ServerResponse(status, body)

    return fault


def _error(status: int, kind: str) -> Callable[[Bench], None]:
    return _reply(status, demo.error(status, kind, "").body)


def _settings(**changes: Any) -> Callable[[Bench], None]:
    return lambda bench: bench.configure(**changes)


def _keep_silent(bench: Bench) -> None:
    bench.server.silence = 1.5
    bench.configure(timeout=0.3)


def _lock_out(bench: Bench) -> None:
    bench.server.keys = ()


def _block_the_store(bench: Bench) -> None:
    shutil.rmtree(bench.state)
    bench.state.write_text("in the way")


def _cut_off(bench: Bench) -> None:
    bench.server.stop()
    bench.server = Server(OK, (KEY,))  # For what comes after; this fault keeps the old address.


def _break(bench: Bench) -> None:
    bench._broken.touch()


_FAULTS: dict[Kind, Callable[[Bench], None]] = {
    Kind.NO_KEY: _settings(api_key=None),
    Kind.BAD_KEY: _settings(api_key="sk-with a blank"),
    Kind.WRONG_PRODUCT: _settings(api_key="sk-kimi-0123"),
    Kind.CONFIG: _settings(region="mars"),
    Kind.OFFLINE: _cut_off,
    Kind.TIMEOUT: _keep_silent,
    Kind.TLS: lambda b: b.configure(base_url=b.server.base_url.replace("http:", "https:")),
    Kind.PROXY: _settings(base_url=None),
    Kind.REDIRECTED: _reply(302),
    Kind.BAD_RESPONSE: _reply(200, b"<html>Please log in</html>"),
    Kind.API_ERROR: _reply(200, b'{"code":5,"error":"x","scode":"0x5","status":false}'),
    Kind.UNAUTHORIZED: _lock_out,
    Kind.SUSPENDED: _error(429, "exceeded_current_quota_error"),
    Kind.FORBIDDEN: _error(403, "permission_denied_error"),
    Kind.NOT_FOUND: _reply(404),
    Kind.RATE_LIMITED: _error(429, "rate_limit_reached_error"),
    Kind.SERVER_ERROR: _error(503, "server_error"),
    Kind.STORE: _block_the_store,
    Kind.INTERNAL: _break,
}
# Faults of another account than the one that was read: its money is not theirs.
WITHOUT_READING = {
    Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT, Kind.CONFIG, Kind.TLS, Kind.PROXY,
}  # fmt: skip
