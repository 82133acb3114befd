"""Every choice, resolved once: flag, own file, CodexBar's file, environment, default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from moonshot_status import debug, endpoint, key, ownfile, sources
from moonshot_status.account import Account, Region, Thresholds
from moonshot_status.errors import Kind, Problem, ProblemError
from moonshot_status.ownfile import Found, OwnFile
from moonshot_status.sources import Choice, Source
from moonshot_status.text import one_line, unquoted

DEFAULT_ACCOUNT = "default"
EVERY_ACCOUNT = "all"
DEFAULT_MAX_AGE = 300.0
DEFAULT_TIMEOUT = 10.0
DEFAULT_SHOW = ("balance",)
_DEFAULTS = {
    "max_age": DEFAULT_MAX_AGE,
    "timeout": DEFAULT_TIMEOUT,
    "show": DEFAULT_SHOW,
    "template": "",
    "hide_amount": False,
    "notify_command": (),
}
_LIMITS = ("warning", "critical", "runway_days")
_UNSET = Found(None)
DEFAULT_THRESHOLDS = {
    Region.INTERNATIONAL: Thresholds(Decimal(5), Decimal(1)),
    Region.CHINA: Thresholds(Decimal(35), Decimal(7)),
}


class UnknownAccountError(Exception):
    """There is no account of the name that was asked for."""


@dataclass(frozen=True)
class Options:
    """What the command line says; None where it says nothing.

    ``wanted_at`` is for a process that goes on showing what it has: when it began to want more.
    """

    account: str | None = None
    region: Region | None = None
    max_age: float | None = None
    timeout: float | None = None
    config: Path | None = None
    refresh: bool = False
    show: tuple[str, ...] | None = None
    template: str | None = None
    hide_amount: bool = False
    wanted_at: datetime | None = None


@dataclass(frozen=True)
class Settings:
    """The outcome. With a ``problem`` the account is as far known as it is named.

    ``advice`` is a word on what works but should be mended. ``show`` names the parts of the bar's
    text, ``template`` is the user's own line, empty if there is none, and ``hide_amount`` is what
    the file says of amounts. ``notify_command`` is empty where nobody wants to be told of a change
    of level. ``places`` says where each value came from, by its name in the file; the key and its
    command are ``key`` there. ``accounts`` are the names in the file, if it has any.
    """

    account: Account
    max_age: float = DEFAULT_MAX_AGE
    timeout: float = DEFAULT_TIMEOUT
    problem: Problem | None = None
    advice: str = ""
    show: tuple[str, ...] = DEFAULT_SHOW
    template: str = ""
    hide_amount: bool = False
    notify_command: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    accounts: tuple[str, ...] = ()


def each_account(options: Options) -> list[Options]:
    """The options for each account that is asked for: one, several with commas between, or all."""
    wanted = options.account
    if wanted is None or (wanted != EVERY_ACCOUNT and "," not in wanted):
        return [options]
    try:
        path = options.config or ownfile.default_path()
        known = _known_accounts(ownfile.read(path, required=options.config is not None))
    except ProblemError:
        return [options]
    if wanted in known:
        return [options]
    names = known if wanted == EVERY_ACCOUNT else [name.strip() for name in wanted.split(",")]
    return [replace(options, account=name) for name in dict.fromkeys(names)]


def resolve(options: Options, environ: Mapping[str, str], file: OwnFile | None = None) -> Settings:
    """Resolve everything. Raises UnknownAccountError; every other trouble is in the outcome.

    ``file`` is a settings file that is not written yet, in place of the one that is there.
    """
    settings = _plain(options, options.account or DEFAULT_ACCOUNT, OwnFile(Path()))
    try:
        if file is None:
            path = options.config or ownfile.default_path()
            file = ownfile.read(path, required=options.config is not None)
        settings = _plain(options, account_name(options.account, file), file)
    except ProblemError as error:
        return replace(settings, problem=error.problem)
    return _with_account(settings, options, file, environ)


def _plain(options: Options, name: str, file: OwnFile) -> Settings:
    """The settings that depend on no other."""
    flags = {flag: getattr(options, flag) for flag in ("max_age", "timeout", "show", "template")}
    found = {setting: _found(flags.get(setting), setting, name, file) for setting in _DEFAULTS}
    places = {setting: value.place for setting, value in found.items()}
    places["account"] = "default"
    if options.account:
        places["account"] = "--account"
    elif file.accounts:
        places["account"] = f"accounts in {file.path}"
    return Settings(
        Account(name, options.region),
        float(found["max_age"].value),
        float(found["timeout"].value),
        show=tuple(found["show"].value),
        template=found["template"].value,
        hide_amount=found["hide_amount"].value,
        notify_command=tuple(found["notify_command"].value),
        places=places,
        accounts=tuple(file.accounts),
    )


def _found(flag: object, setting: str, account: str, file: OwnFile) -> Found:
    if flag is not None:
        return Found(flag, f"--{setting.replace('_', '-')}")
    return file.find(account, setting) or Found(_DEFAULTS[setting])


def _with_account(
    settings: Settings, options: Options, file: OwnFile, environ: Mapping[str, str]
) -> Settings:
    """Fill the account in, as far as it goes; what stops it is the problem."""
    name = settings.account.name
    try:
        choice = sources.choose(options.region, sources.sources_of(name, file, environ))
        region = choice.region
        settings = _with(settings, _region_place(options, choice), region=region)
        limits, places = thresholds(name, region, file)
        settings = _with(settings, places, thresholds=limits)
        address = base_url(name, region, file, environ)
        settings = _with(settings, {"base_url": address.place}, base_url=address.value)
        return _with_secret(settings, choice.source or sources.NOWHERE, file, environ)
    except ProblemError as error:
        return replace(settings, problem=error.problem)


def _with(settings: Settings, places: Mapping[str, str], **known: Any) -> Settings:
    """With more known of the account, and where it came from."""
    return replace(
        settings,
        account=replace(settings.account, **known),
        places={**settings.places, **places},
    )


def _region_place(options: Options, choice: Choice) -> dict[str, str]:
    if options.region:
        return {"region": "--region"}
    source = choice.decided_by
    return {"region": source.region_place if source and source.region else "default"}


def _with_secret(
    settings: Settings, source: Source, file: OwnFile, environ: Mapping[str, str]
) -> Settings:
    account = settings.account
    region = account.region or Region.INTERNATIONAL
    if source.secret is None:
        raise sources.no_key(account.name, region, file, environ)
    debug.say(f"key from {source.name}, region {region.value}, asking {account.base_url}")
    if source.secret.key:
        key.checked(source.secret.key)
    settings = _with(settings, {"key": source.key_place}, secret=source.secret)
    return replace(settings, advice=_advice(source))


def _known_accounts(file: OwnFile) -> list[str]:
    return list(file.accounts) or [DEFAULT_ACCOUNT]


def account_name(wanted: str | None, file: OwnFile) -> str:
    """The account that is meant. Raises UnknownAccountError."""
    known = _known_accounts(file)
    if wanted is None:
        return DEFAULT_ACCOUNT if DEFAULT_ACCOUNT in known else known[0]
    if wanted not in known:
        names = ", ".join(one_line(name, 40) for name in known)
        raise UnknownAccountError(
            f"there is no account {one_line(wanted, 40)!r}; there is: {names}"
        )
    return wanted


def thresholds(name: str, region: Region, file: OwnFile) -> tuple[Thresholds, dict[str, str]]:
    """The account's thresholds, and where each was found. Raises ProblemError if they cross."""
    found = {limit: file.find(name, f"thresholds.{limit}") for limit in _LIMITS}
    given = {limit: Decimal(value.value) for limit, value in found.items() if value}
    default = DEFAULT_THRESHOLDS[region]
    warning, critical = given.get("warning"), given.get("critical")
    if warning is None:
        warning = max(default.warning, critical or Decimal(0))
    elif critical is None:
        critical = min(default.critical, warning)
    critical = default.critical if critical is None else critical
    if critical > warning:
        own = file.accounts.get(name, {}).get("thresholds")
        place = f"accounts.{name}.thresholds" if own else "thresholds"
        raise ProblemError(
            Kind.CONFIG,
            one_line(f"{file.path} has a mistake at {place}: critical is above warning"),
            "Allowed is a critical amount at or below the warning amount.",
        )
    places = {f"thresholds.{limit}": (value or _UNSET).place for limit, value in found.items()}
    return Thresholds(warning, critical, given.get("runway_days")), places


def base_url(name: str, region: Region, file: OwnFile, environ: Mapping[str, str]) -> Found:
    """The account's address, without ``/v1``. Raises ProblemError if it may not be used."""
    found = file.find(name, "base_url")
    variable = unquoted(environ.get("MOONSHOT_BASE_URL", ""))
    if found is None and variable:
        found = Found(variable, "MOONSHOT_BASE_URL")
    if found is None:
        return Found(endpoint.official(region))
    return replace(found, value=endpoint.base_url(found.value, region, one_line(found.place, 160)))


def _advice(source: Source) -> str:
    if not source.is_open_to_others:
        return ""
    return one_line(f"Other users can read the key in {source.file}: chmod 600 mends that")
