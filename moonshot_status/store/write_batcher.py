"""What several threads bring at the same time, done as one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass
class _Call(Generic[_Item, _Result]):
    item: _Item
    done: bool = False
    result: _Result | None = None
    error: Exception | None = None


class WriteBatcher(Generic[_Item, _Result]):
    """``work`` gives a result for each item, in order, or raises; then each is tried alone.

    The thread whose turn it is does the work of all that wait by then.
    """

    def __init__(self, work: Callable[[Sequence[_Item]], Sequence[_Result]]) -> None:
        self._work = work
        self._waiting: deque[_Call[_Item, _Result]] = deque()
        self._turn = threading.Lock()

    def do(self, item: _Item) -> _Result:
        """The result for the item. Raises what the work raises for it."""
        call: _Call[_Item, _Result] = _Call(item)
        self._waiting.append(call)
        with self._turn:
            if not call.done:
                self._do([self._waiting.popleft() for _ in range(len(self._waiting))])
        if call.error:
            raise call.error
        return cast("_Result", call.result)

    def _do(self, calls: Sequence[_Call[_Item, _Result]]) -> None:
        try:
            results = self._work([call.item for call in calls])
        except Exception as error:  # noqa: BLE001 - it is raised where the item came from
            if len(calls) > 1:
                for call in calls:
                    self._do([call])
                return
            calls[0].done, calls[0].error = True, error
            return
        for call, result in zip(calls, results, strict=True):
            call.done, call.result = True, result
