"""The status of an account: its newest reading and the problem with fetching a newer one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from moonshot_status.core.account import Reading
from moonshot_status.core.errors import Problem


@dataclass(frozen=True)
class Status:
    """The newest reading of an account, and the problem with it or with fetching a newer one.

    All times are UTC. ``expired``: older than the policy allows, or stamped in the future.
    ``stale``: expired, and no newer reading can be fetched. ``changes_at``: when time alone may
    change any of this, or None if it does not.
    """

    reading: Reading | None = None
    problem: Problem | None = None
    retry_at: datetime | None = None
    expired: bool = False
    stale: bool = False
    changes_at: datetime | None = None
