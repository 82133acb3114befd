"""Combine the writes of several threads into batches."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass
class _Request(Generic[_Item, _Result]):
    """One item, and its result or error once it is done."""

    item: _Item
    done: bool = False
    result: _Result | None = None
    error: Exception | None = None


class WriteBatcher(Generic[_Item, _Result]):
    """Writes the items that several threads pass at the same time in one call of ``write_all``.

    ``write_all`` returns a result for each item, in order. If it raises for a batch, each item of
    the batch is written alone.
    """

    def __init__(self, write_all: Callable[[Sequence[_Item]], Sequence[_Result]]) -> None:
        self._write_all = write_all
        self._pending: deque[_Request[_Item, _Result]] = deque()
        self._lock = threading.Lock()

    def write(self, item: _Item) -> _Result:
        """Write the item and return its result. Raises what ``write_all`` raises for it."""
        request: _Request[_Item, _Result] = _Request(item)
        self._pending.append(request)
        with self._lock:
            if not request.done:
                self._write([self._pending.popleft() for _ in range(len(self._pending))])
        if request.error:
            raise request.error
        return cast("_Result", request.result)

    def _write(self, batch: Sequence[_Request[_Item, _Result]]) -> None:
        try:
            results = self._write_all([request.item for request in batch])
        except Exception as error:  # noqa: BLE001 - raised again by the thread of the item
            if len(batch) > 1:
                for request in batch:
                    self._write([request])
                return
            batch[0].done, batch[0].error = True, error
            return
        for request, result in zip(batch, results, strict=True):
            request.done, request.result = True, result
