"""The table of settings, and the types for the options and the resolved settings.

The command line, the resolver, the JSON Schema, ``config``, shell completion and the manual page
all read ``SETTINGS``. A new setting is one row here (and its copy in ``config.schema.json``, which
a test compares); code reads ``settings["NAME"]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moonshot_status.core.regions import REGION_NAMES

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from moonshot_status.core.account import Account
    from moonshot_status.core.errors import Problem
    from moonshot_status.core.regions import Region

DEFAULT_ACCOUNT = "default"
ALL_ACCOUNTS = "all"
PARTS = ("balance", "runway", "pace", "today")
"""The parts of the text in a bar."""
TEMPLATE_FIELDS = (
    "account", "region", "currency", "level", "balance", "voucher", "cash", "deficit", "runway",
    "per_day", "spent_today", "as_of", "problem", "bar",
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One setting of an account; all can also be set for all accounts.

    ``name`` is its name in the settings file; a dot leads into an object. ``meaning`` and
    ``default_words`` are its documentation. ``schema`` is the JSON Schema of its value, whose
    ``description`` completes the sentence "allowed is". ``flag`` is its option, with a metavar and
    a help text; ``param`` names the type of the option in ``cli/params``. ``variables`` are those
    of the environment, of which the first that is set counts.
    """

    name: str
    meaning: str
    schema: Mapping[str, Any]
    default: Any = None
    default_words: str = "–"
    flag: str = ""
    metavar: str = ""
    help: str = ""
    param: str = ""
    variables: tuple[str, ...] = ()


def _choice(words: tuple[str, ...]) -> str:
    quoted = [f'"{word}"' for word in words]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def _schema(type_: str, description: str, **more: Any) -> dict[str, Any]:
    return {"type": type_, "description": description, **more}


def _region_schema() -> dict[str, Any]:
    """Return the schema of a region in any case, with or without quotes around it."""
    any_case = "|".join(
        "".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in name) for name in REGION_NAMES
    )
    words = {"description": _choice(REGION_NAMES)}
    around = r"""[\s"']*"""
    names: list[dict[str, Any]] = [
        {"enum": list(REGION_NAMES)},
        {"pattern": f"^{around}(({any_case}){around})?$"},
    ]
    return {"type": "string", "anyOf": [{**each, **words} for each in names], **words}


def _command_schema(example: str) -> dict[str, Any]:
    words = f"a list of strings: a program and its arguments, such as {example}"
    program = _schema(
        "string", "a program's name, its full path or one in ~/",
        pattern=r"^([^/\u0000]+|(/|~/)[^\u0000]*)$",
    )  # fmt: skip
    argument = _schema("string", "a string", pattern=r"^[^\u0000]*$")
    return _schema("array", words, minItems=1, items=argument, prefixItems=[program])


_AMOUNT = _schema(
    "number", "an amount, 0 or more, in the account's currency",
    minimum=0, exclusiveMaximum=10**12,
)  # fmt: skip
_TEMPLATE_PATTERN = (
    r"^([^{}\u0000-\u001f\u007f-\u009f]|\{\{|\}\}|\{(" + "|".join(TEMPLATE_FIELDS) + r")\})*$"
)

# fmt: off
SETTINGS = (
    Setting("region", "region", _region_schema(), None, "`international`", "--region", "",
            "The platform whose key is used.", "region", ("MOONSHOT_REGION",)),
    Setting("api_key", "key", _schema("string", "a string: the key, which begins with sk-"),
            variables=("MOONSHOT_API_KEY", "MOONSHOT_KEY")),
    Setting("api_key_command", "command that prints the key",
            _command_schema('["pass", "show", "moonshot"]')),
    Setting("base_url", "address",
            _schema("string", "an https address, or an http address of this machine"),
            None, "the region's", variables=("MOONSHOT_BASE_URL",)),
    Setting("max_age", "age that is fresh enough, in seconds",
            _schema("number", "a number of seconds, 0 or more", minimum=0, maximum=10**9),
            300.0, "300", "--max-age", "SECONDS",
            "How old a stored balance may be to be good enough.  [default: 300]", "seconds"),
    Setting("timeout", "limit of a request, in seconds",
            _schema("number", "a number of seconds from 0.001 to 3600",
                    minimum=0.001, maximum=3600),
            10.0, "10", "--timeout", "SECONDS",
            "The limit for one whole request.  [default: 10]", "seconds"),
    Setting("thresholds.warning", "low balance", _AMOUNT, None, "$5, ¥35"),
    Setting("thresholds.critical", "very low balance", _AMOUNT, None, "$1, ¥7"),
    Setting("thresholds.runway_days", "few days left",
            _schema("number", "a number of days, 0 or more", minimum=0, maximum=1000)),
    Setting("show", "what stands in the bar",
            _schema("array", 'a list of parts of the bar\'s text, such as ["balance", "runway"]',
                    minItems=1, items={"enum": list(PARTS), "description": _choice(PARTS)}),
            ("balance",), "`balance`", "--show", "PARTS",
            f"What stands in the bar, of {', '.join(PARTS)}.  [default: balance]", "parts"),
    Setting("template", "the line of `--format template`",
            _schema("string", "one line of text with the fields {balance}, {runway} and so on of "
                    "the README; {{ and }} stand for braces", pattern=_TEMPLATE_PATTERN),
            "", "what bars show", "--template", "TEXT",
            "The line of --format template, such as '{balance}, {runway}'.", "template"),
    Setting("hide_amount", "no amounts, the level alone", _schema("boolean", "true or false"),
            False, "false", "--hide-amount", "", "Show the level without any amount.", "flag"),
    Setting("notify_command", "command that is run when the level changes",
            _command_schema('["/usr/local/bin/tell-me"]'), ()),
)
# fmt: on
BY_NAME = {setting.name: setting for setting in SETTINGS}
# These decide on the account and are resolved together.
_OF_ACCOUNT = {"region", "api_key", "api_key_command", "base_url"}


def independent() -> tuple[Setting, ...]:
    """Return the settings whose value does not depend on another setting."""
    return tuple(s for s in SETTINGS if s.name not in _OF_ACCOUNT and "." not in s.name)


@dataclass(frozen=True)
class Options:
    """The options of the command line; None, or no entry in ``flags``, for one not given.

    ``flags`` are the values of settings by their names. ``wanted_at`` is when a process that keeps
    running asked for a new balance, in UTC.
    """

    account: str | None = None
    region: Region | None = None
    config: Path | None = None
    refresh: bool = False
    wanted_at: datetime | None = None
    flags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def hide_amount(self) -> bool:
        """Whether the command line hides amounts, which overrides the settings and the switch."""
        return bool(self.flags.get("hide_amount"))


@dataclass(frozen=True)
class Settings:
    """The resolved settings of one account; with a ``problem``, as far as they could be resolved.

    ``values`` are the independent settings by their names. ``advice`` is a warning to show although
    the settings work, and ``remarks`` say which settings are ignored, and why. ``origins`` says
    where each value came from, by its name in the file; that of the key and of the key command is
    ``key``. ``accounts`` are the names in the file, if any.
    """

    account: Account
    values: Mapping[str, Any] = field(
        default_factory=lambda: {s.name: s.default for s in independent()}
    )
    problem: Problem | None = None
    advice: str = ""
    remarks: tuple[Problem, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()

    def with_remarks(self, problem: Problem) -> Problem:
        """Return a problem of the account with the remarks in its hint."""
        for remark in self.remarks:
            problem = problem.followed_by(remark)
        return problem

    def __getitem__(self, name: str) -> Any:
        """Return the value of an independent setting."""
        return self.values[name]
