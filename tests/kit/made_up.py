"""The made-up account of the README's history: thirty days in March, in dollars.

``PYTHONPATH=tests python -m kit.made_up COMMAND...`` runs ``history`` for it. With ``--since
2026-03-02 --output integrations/pictures/history.png`` it draws the README's picture.
"""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from kit.support import PROGRAM
from moonshot_status.api import base_url
from moonshot_status.core import paths
from moonshot_status.core.account import Account, Balance, Reading, Secret, fingerprint
from moonshot_status.core.regions import Region
from moonshot_status.store import accounts, compaction
from moonshot_status.store.accounts import AccountState
from moonshot_status.store.database import FILE_NAME
from moonshot_status.store.leases import Lease

KEY = "sk-made-up"
REGION = Region.INTERNATIONAL
FIRST = datetime(2026, 3, 2, 0, 30, tzinfo=timezone.utc)
HOURS = 30 * 24 - 4
ACCOUNT = Account("default", REGION, base_url.official_base_url(REGION), Secret(KEY))


def readings() -> list[Reading]:
    """Return hourly readings: work by day, less at weekends, two top-ups, and a granted voucher."""
    randomness, voucher, cash, found = random.Random(7), Decimal("11.5"), Decimal("38.20417"), []
    for hour in range(HOURS):
        moment = FIRST + timedelta(hours=hour)
        busy = 8 <= moment.hour < 19
        most = (24000 if moment.weekday() < 5 else 2500) if busy else 90
        topped_up = hour in (18 * 24 + 9, 26 * 24 + 14)
        spent = Decimal(randomness.randint(most // 9, most)).scaleb(-5) * (not topped_up)
        voucher, cash = voucher - min(voucher, spent), cash - spent + min(voucher, spent)
        voucher += 5 * (hour == 15 * 24 + 10)
        cash += 20 * topped_up
        found.append(Reading(Balance(voucher + cash, voucher, cash), moment))
    return found


def keep(folder: Path, account: Account = ACCOUNT, stored: Sequence[Reading] | None = None) -> None:
    """Store the made-up readings, or others, as the program does but without waiting for a disk."""
    key = fingerprint(account.secret.key)
    file = paths.private_folder(folder) / FILE_NAME
    paths.private_file(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = OFF")
        for reading in readings() if stored is None else stored:
            accounts.write(db, [(account, AccountState(reading, None, key), Lease())])
            compaction.compact(db, account)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        state = {"XDG_STATE_HOME": folder, "XDG_CONFIG_HOME": folder, "TZ": "UTC"}
        keep(Path(folder) / "moonshot-status")
        environment = {**os.environ, **state, "MOONSHOT_API_KEY": KEY}
        command = [*PROGRAM, "history", *sys.argv[1:]]
        return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
