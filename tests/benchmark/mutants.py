"""Make small errors in the code and report which of them no fast test notices.

``python tests/benchmark/mutants.py [--seed N] [--count N] [MODULE...]`` makes at most ``count``
errors in each module, one at a time, in a copy of the checkout, and runs the tests of the module's
package. A module is named as ``store/schema`` or by a pattern such as ``store/*``. The same seed
and sources give the same errors, whichever other modules are named.

The operators: another comparison; ``and`` for ``or``, ``+`` for ``-``, ``min`` for ``max``, and the
reverse; a dropped ``not``; 0 for 1 and the next number for any; an empty string; None, True or
False returned; a statement removed. Annotations, docstrings, f-strings and calls of ``log`` stay.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import resource
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGE = "moonshot_status"
DEFAULT_MODULES = (
    "store/*", "api/response", "api/backoff", "api/base_url", "core/*", "polling/balance",
    "config/api_key", "reply_cache",
)  # fmt: skip
# Tests outside the module's own package; they run last.
EXTRA_TESTS = {
    "store/*": ("unit/polling/test_balance.py",),
    "store/check": ("program/test_doctor.py",),
    "core/*": ("unit/config", "unit/display", "unit/notify"),
    "core/bar_path": ("unit/setup", "program/test_doctor.py"),
    "core/causes": ("unit/api",),
    "core/child": ("unit/polling", "unit/watch"),
    "core/errors": ("unit/api", "program/test_next_steps.py"),
    "core/log": ("program/test_cli.py",),
    "core/paths": ("unit/store", "program/test_reply_cache.py"),
    "core/signals": ("program/test_setup.py", "program/test_watch.py"),
    "core/regions": ("program/test_regions.py",),
    "reply_cache": ("program/test_reply_cache.py",),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
}  # fmt: skip
SWAPS = {ast.And: ast.Or, ast.Or: ast.And, ast.Add: ast.Sub, ast.Sub: ast.Add}
NOT_RUN = {"annotation", "returns", "decorator_list", "bases"}


@dataclass(frozen=True)
class Mutant:
    """One error: where it begins, and the module's whole source before and after."""

    module: str
    line: int
    before: bytes
    after: bytes

    def __str__(self) -> str:
        sources = (self.before, self.after)
        lines = (source.splitlines()[self.line - 1].decode().strip() for source in sources)
        return "  {}/{}.py:{}\n  - {}\n  + {}".format(PACKAGE, self.module, self.line, *lines)


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield every node of the tree that is run and may hold an error."""
    yield node
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and name not in NOT_RUN and not is_exempt(child):
                yield from nodes(child)


def is_exempt(node: ast.AST) -> bool:
    match node:
        case ast.JoinedStr() | ast.Expr(ast.Constant() | ast.Call(ast.Attribute(ast.Name("log")))):
            return True
    return False


def replacements(node: ast.AST) -> list[str]:
    """Return the texts that can take the place of this node."""
    match node:
        case ast.Compare():
            return [ast.unparse(compare) for compare in comparisons_instead_of(node)]
        case ast.BoolOp() | ast.BinOp(op=ast.Add() | ast.Sub()):
            swapped = copy.deepcopy(node)
            swapped.op = SWAPS[type(node.op)]()  # type: ignore[assignment]
            return [ast.unparse(swapped)]
        case ast.UnaryOp(op=ast.Not()):
            return [ast.unparse(node.operand)]
        case ast.Name("min" | "max"):
            return ["max" if node.id == "min" else "min"]
        case ast.Constant():
            return constants_instead_of(node.value)
        case ast.Return(value=ast.expr() as value):
            return [f"return {result}" for result in results_instead_of(value)]
        case ast.Expr(ast.Call()) | ast.AugAssign() | ast.Raise() | ast.Assign([ast.Attribute()]):
            return ["pass"]
    return []


def comparisons_instead_of(node: ast.Compare) -> Iterator[ast.Compare]:
    for number, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            operators = [*node.ops[:number], other(), *node.ops[number + 1 :]]
            yield ast.Compare(node.left, operators, node.comparators)


def constants_instead_of(value: object) -> list[str]:
    match value:
        case bool():
            return []
        case int() | float():
            return [repr(value + 1)] + ["0"] * (value == 1)
        case str() | bytes() if value:
            return [repr(value[:0])]
    return []


def results_instead_of(value: ast.expr) -> list[str]:
    """Return what may be returned in place of the value: True and False for a truth value."""
    match value:
        case ast.Compare() | ast.UnaryOp(op=ast.Not()) | ast.Constant(bool()):
            return [word for word in ("True", "False") if word != ast.unparse(value)]
        case ast.Constant(None):
            return []
    return ["None"]


def mutants(checkout: Path, module: str) -> list[Mutant]:
    """Return every mutant of the module, in the order of its source."""
    source = (checkout / PACKAGE / f"{module}.py").read_bytes()
    lines = source.splitlines(keepends=True)
    found = []
    for node in nodes(ast.parse(source)):
        for text in replacements(node):
            assert isinstance(node, ast.expr | ast.stmt)
            begin = len(b"".join(lines[: node.lineno - 1])) + node.col_offset
            end = len(b"".join(lines[: (node.end_lineno or 0) - 1])) + (node.end_col_offset or 0)
            after = source[:begin] + text.encode() + source[end:]
            found.append(Mutant(module, node.lineno, source, after))
    return found


def tests_of(module: str) -> tuple[str, ...]:
    """Return the tests to run for the module, its own file first."""
    folder, _, name = f"unit/{module}".rpartition("/")
    wanted = [f"{folder}/test_{name}.py", *([folder] if "/" in module else [])]
    wanted += [t for pattern, more in EXTRA_TESTS.items() if fnmatch(module, pattern) for t in more]
    paths = (f"tests/{test}" for test in dict.fromkeys(wanted))
    return tuple(path for path in paths if (REPOSITORY / path).exists())


class Checkout:
    """A copy of the checkout, and a Python that imports the package from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        shutil.copytree(REPOSITORY, self.folder, ignore=shutil.ignore_patterns(".*", "__pycache__"))
        venv.create(folder / "python", symlinks=True)
        packages = sysconfig.get_path("purelib", vars={"base": str(folder / "python")})
        # The copy comes first; the libraries are those of the environment that runs this script.
        Path(packages, "checkout.pth").write_text(f"{self.folder}\n{sysconfig.get_path('purelib')}")
        program = folder / "python" / "bin" / "moonshot-status"
        self.python = str(program.with_name("python"))
        program.write_text(f"#!{self.python}\nfrom {PACKAGE}.__main__ import run\nrun()\n")
        program.chmod(0o755)
        self._mutations = 0

    def passes(self, tests: Sequence[str], seconds: float) -> bool:
        """Return whether the tests pass within the time."""
        command = [self.python, "-m", "pytest", "-n", "0", "-x", "-p", "no:cacheprovider", *tests]
        process = subprocess.Popen(
            command, cwd=self.folder, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return status == 0

    def survives(self, mutant: Mutant, seconds: float) -> bool:
        """Return whether the module's tests pass with the mutant, and undo it."""
        path = self.folder / PACKAGE / f"{mutant.module}.py"
        self._mutations += 1
        path.write_bytes(mutant.after)
        # Cached bytecode is recognised by size and whole seconds.
        os.utime(path, (self._mutations, self._mutations))
        try:
            return self.passes(tests_of(mutant.module), seconds)
        finally:
            path.write_bytes(mutant.before)


def report(checkout: Checkout, module: str, seed: int, count: int) -> None:
    """Run the module's tests on each chosen mutant, and print the result and the survivors."""
    every = mutants(checkout.folder, module)
    chosen = random.Random(f"{seed} {module}").sample(every, min(count, len(every)))
    began = time.monotonic()
    if chosen and not checkout.passes(tests_of(module), 3600):
        print(f"{module:<28} its tests fail without a mutant", flush=True)
        return
    limit = 30 + 3 * (time.monotonic() - began)
    alive = [mutant for mutant in chosen if checkout.survives(mutant, limit)]
    killed = len(chosen) - len(alive)
    print(f"{module:<28} {len(chosen):>8} {killed:>8} {len(alive):>9}", flush=True)
    for mutant in sorted(alive, key=lambda mutant: mutant.line):
        print(mutant, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=20, help="the mutants of each module, at most")
    parser.add_argument("modules", nargs="*", default=DEFAULT_MODULES, metavar="MODULE")
    options = parser.parse_args()
    # A shell lets what it runs in the background ignore these, and tests of signals need them.
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
    root = REPOSITORY / PACKAGE
    known = sorted(str(path.relative_to(root).with_suffix("")) for path in root.rglob("*.py"))
    modules = [name for name in known if any(fnmatch(name, p) for p in options.modules)]
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(Path(folder))
        print(f"{'module':<28} {'mutants':>8} {'killed':>8} {'survived':>9}")
        for module in modules:
            report(checkout, module, options.seed, options.count)


if __name__ == "__main__":
    main()
