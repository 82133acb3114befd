"""Diagnose settings, network, store and bars, for ``moonshot-status doctor``.

Each module examines one subject with one function: ``findings`` yields a finding for each step, and
the modules of the bars return a ``Bar``. No step but the request sends the API key; the request is
the same that a bar makes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from moonshot_status.core import log
from moonshot_status.doctor import (
    environment,
    files,
    i3blocks,
    keys,
    menu_bars,
    network,
    program,
    request,
    store,
    waybar,
    whitespace,
)
from moonshot_status.doctor.bars import Bar
from moonshot_status.doctor.context import Context
from moonshot_status.doctor.finding import Finding, State, absent, fail, hint, ok, unreadable

_BAR_CHECKS: dict[str, Callable[[], Bar | None]] = {
    "waybar": waybar.bar,
    "i3blocks": i3blocks.bar,
    "xbar": menu_bars.xbar,
    "swiftbar": menu_bars.swiftbar,
}


def examine(context: Context) -> Iterator[Finding]:
    """Yield the findings of every step, in the order in which they depend on each other."""
    for module in (program, files, keys, whitespace, environment):
        yield from _guarded(module.__name__.rpartition(".")[2], module.findings(context))
    is_reachable = True
    for finding in _guarded("network", network.findings(context)):
        if finding.state is State.FAIL and finding.name in network.REQUIRED:
            is_reachable = False
        yield finding
    yield from _guarded("store", store.findings(context))
    yield from _guarded("request", request.findings(context, is_reachable))
    yield from _guarded("bars", _bars())


def _guarded(name: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """Yield the findings, and one more if the check fails with an unexpected exception."""
    try:
        yield from findings
    except Exception as error:  # noqa: BLE001 - the other checks have to go on
        log.log_traceback()
        if isinstance(error, OSError) and error.filename:
            yield unreadable(name, error)
            return
        fix = "Run it with --debug and report what it prints."
        yield fail(name, "this check itself failed", fix)


def _bar(name: str) -> Bar | None:
    """Return the bar, None if it is not installed; an unreadable file is its only mistake."""
    try:
        return _BAR_CHECKS[name]()
    except OSError as error:
        return Bar(name, findings=(unreadable(name, error),))


def _bars() -> Iterator[Finding]:
    found = [bar for bar in map(_bar, _BAR_CHECKS) if bar]
    if not found:
        yield absent("bars", "no Waybar, i3blocks, xbar or SwiftBar was found")
    hint_or_fail = hint if any(bar.has_module for bar in found) else fail
    for bar in found:
        if bar.findings:
            yield from bar.findings
        elif bar.has_module:
            yield ok(bar.name, f"the module is in {bar.file}")
        elif bar.file is None:
            yield absent(bar.name, "installed, but you have no file of your own for it")
        else:
            fix = f"See integrations/{bar.name}/README.md."
            yield hint_or_fail(bar.name, f"the module is not in {bar.file}", fix)
