"""Every step from the settings to the bar, examined: ``moonshot-status doctor``.

A module here is a group of steps and has one function, which yields what it found and does not
raise. No step sends a key but the request itself, which is made as a bar makes it.
"""

from __future__ import annotations

from collections.abc import Iterator

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
from moonshot_status.doctor.finding import Finding, State, absent, fail, hint, ok

_BARS = (waybar.bar, i3blocks.bar, menu_bars.xbar, menu_bars.swiftbar)


def examine(case: Context) -> Iterator[Finding]:
    for check in (program.findings, files.findings, keys.findings, whitespace.findings):
        yield from _guarded(check.__module__, check(case))
    yield from _guarded("environment", environment.findings(case))
    way_is_open = True
    for finding in _guarded("network", network.findings(case)):
        blocks = finding.state is State.FAIL and finding.name in network.NEEDED
        way_is_open = way_is_open and not blocks
        yield finding
    yield from _guarded("store", store.findings(case))
    yield from _guarded("request", request.findings(case, way_is_open))
    yield from _guarded("bars", _bars())


def _guarded(name: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """The same, and a finding of its own for a check that fails in a way that nobody foresaw."""
    try:
        yield from findings
    except Exception:  # noqa: BLE001 - the other checks have to go on
        log.log_traceback()
        yield fail(
            name.rpartition(".")[2],
            "this check itself failed",
            "Run it with --debug and report what it prints.",
        )


def _bars() -> Iterator[Finding]:
    found = [bar for bar in (look() for look in _BARS) if bar]
    if not found:
        yield absent("bars", "no Waybar, i3blocks, xbar or SwiftBar was found")
    served = any(bar.has_module for bar in found)
    for bar in found:
        yield from bar.findings or [_as_a_whole(bar, served)]


def _as_a_whole(bar: Bar, served: bool) -> Finding:
    if bar.has_module:
        return ok(bar.name, f"the module is in {bar.file}")
    mend = f"See integrations/{bar.name}/README.md."
    if bar.file is None:
        return absent(bar.name, "installed, but you have no file of your own for it")
    fact = f"the module is not in {bar.file}"
    return hint(bar.name, fact, mend) if served else fail(bar.name, fact, mend)
