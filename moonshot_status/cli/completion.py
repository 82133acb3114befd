"""Shell completion for bash, zsh and fish, beyond what click offers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from click.shell_completion import CompletionItem, FishComplete, add_completion_class

from moonshot_status.config import settings_file
from moonshot_status.core.errors import ProblemError

# bash does not quote what it completes, so words with special characters are left out.
_SAFE_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")


class _Fish(FishComplete):
    """Click's completion for fish, which also handles words that contain commas."""

    source_template = """\
function %(complete_func)s
    for item in (env %(complete_var)s=fish_complete COMP_WORDS=(commandline -cp) \\
            COMP_CWORD=(commandline -t) %(prog_name)s)
        set -l parts (string split --max 1 "," $item)
        switch $parts[1]
            case dir
                __fish_complete_directories $parts[2]
            case file
                __fish_complete_path $parts[2]
            case plain
                echo $parts[2]
        end
    end
end

complete --no-files --command %(prog_name)s --arguments "(%(complete_func)s)"
"""

    def format_completion(self, item: CompletionItem[str]) -> str:
        return f"{item.type},{item.value}\t{' '.join((item.help or '').split())}".rstrip("\t")


def register_fish() -> None:
    """Replace click's completion for fish."""
    add_completion_class(_Fish)


def items(words: Iterable[str], incomplete: str) -> list[CompletionItem[str]]:
    """Return the words that complete the incomplete one."""
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def list_items(words: Iterable[str], incomplete: str) -> list[CompletionItem[str]]:
    """Return what completes the last word of a comma-separated list, without repetitions."""
    done, comma, _ = incomplete.rpartition(",")
    unused = [word for word in words if word not in done.split(",")]
    return items([done + comma + word for word in unused], incomplete)


def account_names(config: Path | None) -> list[str]:
    """Return the account names in the settings file that need no quoting in any shell.

    ``config`` is the settings file, or None for the usual one. A broken file has no names.
    """
    try:
        file = settings_file.read(config or settings_file.default_path())
    except ProblemError:
        return []
    return [name for name in file.accounts if _SAFE_WORD.fullmatch(name)]
