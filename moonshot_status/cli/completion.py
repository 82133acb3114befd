"""What bash, zsh and fish complete on the command line, beyond what click does of itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from click.shell_completion import CompletionItem, FishComplete, add_completion_class

from moonshot_status.config import settings_file
from moonshot_status.core.errors import ProblemError

# bash puts a word on the command line as it is, so what means something to a shell is left out.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")


class _Fish(FishComplete):
    """Click's completion for fish, for words that have commas, too."""

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


def use_own_fish_script() -> None:
    """Have fish take words with commas in them."""
    add_completion_class(_Fish)


def items(words: Iterable[str], begun: str) -> list[CompletionItem[str]]:
    """The words that begin so."""
    return [CompletionItem(word) for word in words if word.startswith(begun)]


def listed(words: Iterable[str], begun: str) -> list[str]:
    """The words behind those that stand there already, with commas between them."""
    done, comma, _ = begun.rpartition(",")
    return [done + comma + word for word in words if word not in done.split(",")]


def accounts(config: Path | None) -> list[str]:
    """The names in the settings file that every shell can be given; none if it is broken."""
    try:
        file = settings_file.read(config or settings_file.default_path())
    except ProblemError:
        return []
    return [name for name in file.accounts if _PLAIN.fullmatch(name)]
