"""Real bars need more than the other tests; where it is missing, they are skipped."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

MISSING = [name for name in ("PIL", "pywayland") if find_spec(name) is None]

if not MISSING:
    from kit.bars.fixtures import (  # noqa: F401
        bench,
        desktop,
        fresh_desktop,
        waybar,
        waybar_files,
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.bars)


class SkippedModule(pytest.Module):
    """Says why, in place of an import that cannot succeed."""

    def collect(self) -> Iterable[pytest.Item]:
        pytest.skip("the extra [bars] is not installed", allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    return SkippedModule.from_parent(parent, path=module_path) if MISSING else None
