"""Which environment variables a run of the program reads, and which modules read them.

As a script, ``environment_reads.py PROGRAM [ARGUMENTS]`` runs the program before anything else has
been imported, and prints what it reads as JSON on standard output, in place of its own output.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

# The modules of the environment itself: whoever calls them reads.
_MODULES = ("os", "collections.abc", "_collections_abc")
EVERYTHING = "*"
"""In place of a name: the module goes through the whole environment."""
Reads = dict[str, set[str]]
"""The names of the modules that have read each variable, whether or not it is set."""


@contextmanager
def recorded() -> Iterator[Reads]:
    """Record what is read inside the block, through ``os.environ``, ``os.environb`` and others.

    What a module reads while it goes through everything is not recorded once more by name.
    """
    reads: Reads = {}
    environment: Any = type(os.environ)
    get_item, iterate = environment.__getitem__, environment.__iter__

    def recording_get_item(self: Any, name: Any) -> Any:
        reads.setdefault(os.fsdecode(name), set()).add(_reader())
        return get_item(self, name)

    def recording_iterate(self: Any) -> Any:
        reads.setdefault(EVERYTHING, set()).add(_reader())
        return iterate(self)

    environment.__getitem__, environment.__iter__ = recording_get_item, recording_iterate
    try:
        yield reads
    finally:
        environment.__getitem__, environment.__iter__ = get_item, iterate
        for name in reads.keys() - {EVERYTHING}:
            reads[name] -= reads.get(EVERYTHING, set())
            if not reads[name]:
                del reads[name]


def _reader() -> str:
    frame = sys._getframe(2)
    while frame.f_globals["__name__"] in _MODULES and frame.f_back:
        frame = frame.f_back
    return str(frame.f_globals["__name__"])


class _ProcessEnd(BaseException):
    """Stands in for the end of the process."""


def _end(status: int) -> NoReturn:
    raise _ProcessEnd(status)


def _run_program() -> None:
    """Run the program that the command line names, and print what it reads."""
    output, os._exit = os.dup(1), _end  # type: ignore[assignment]
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.argv = sys.argv[1:]
    with open(sys.argv[0], encoding="utf-8") as file:
        code = compile(file.read(), sys.argv[0], "exec")
    with recorded() as reads, suppress(_ProcessEnd):
        exec(code, {"__name__": "__main__"})  # noqa: S102 - the program's own script
    printed = json.dumps({name: sorted(modules) for name, modules in reads.items()})
    os.write(output, printed.encode())


if __name__ == "__main__":
    _run_program()
