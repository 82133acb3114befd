"""Every choice, resolved once: flag, own file, CodexBar's file, environment, default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from moonshot_status import debug, endpoint, key, ownfile, sources
from moonshot_status.account import Account, Region, Thresholds
from moonshot_status.errors import Kind, Problem, ProblemError
from moonshot_status.ownfile import OwnFile
from moonshot_status.sources import Source
from moonshot_status.text import one_line, unquoted

DEFAULT_ACCOUNT = "default"
EVERY_ACCOUNT = "all"
DEFAULT_MAX_AGE = 300.0
DEFAULT_TIMEOUT = 10.0
DEFAULT_SHOW = ("balance",)
DEFAULT_THRESHOLDS = {
    Region.INTERNATIONAL: Thresholds(Decimal(5), Decimal(1)),
    Region.CHINA: Thresholds(Decimal(35), Decimal(7)),
}


class UnknownAccountError(Exception):
    """There is no account of the name that was asked for."""


@dataclass(frozen=True)
class Options:
    """What the command line says; None where it says nothing."""

    account: str | None = None
    region: Region | None = None
    max_age: float | None = None
    timeout: float | None = None
    config: Path | None = None
    refresh: bool = False
    show: tuple[str, ...] | None = None
    template: str | None = None
    hide_amount: bool = False


@dataclass(frozen=True)
class Settings:
    """The outcome. With a ``problem`` the account is as far known as it is named.

    ``advice`` is a word on what works but should be mended. ``show`` names the parts of the bar's
    text, ``template`` is the user's own line, empty if there is none, and ``hide_amount`` is what
    the file says of amounts. ``notify_command`` is empty where
    nobody wants to be told of a change of level.
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


def resolve(options: Options, environ: Mapping[str, str]) -> Settings:
    """Resolve everything. Raises UnknownAccountError; every other trouble is in the outcome."""
    settings = Settings(
        Account(options.account or DEFAULT_ACCOUNT, options.region),
        _first(options.max_age, DEFAULT_MAX_AGE),
        _first(options.timeout, DEFAULT_TIMEOUT),
        show=options.show or DEFAULT_SHOW,
        template=options.template or "",
    )
    try:
        path = options.config or ownfile.default_path()
        file = ownfile.read(path, required=options.config is not None)
        settings = _with_plain_values(settings, options, file)
        return _with_account(settings, options, file, environ)
    except ProblemError as error:
        return replace(settings, problem=error.problem)


def _with_plain_values(settings: Settings, options: Options, file: OwnFile) -> Settings:
    name = _account_name(options.account, file)
    own = {**file.settings, **file.accounts.get(name, {})}
    return replace(
        settings,
        account=replace(settings.account, name=name),
        max_age=_first(options.max_age, float(own.get("max_age", DEFAULT_MAX_AGE))),
        timeout=_first(options.timeout, float(own.get("timeout", DEFAULT_TIMEOUT))),
        show=options.show or tuple(own.get("show", DEFAULT_SHOW)),
        template=options.template or own.get("template", ""),
        hide_amount=own.get("hide_amount", False),
        notify_command=tuple(own.get("notify_command", ())),
    )


def _with_account(
    settings: Settings, options: Options, file: OwnFile, environ: Mapping[str, str]
) -> Settings:
    """Fill the account in, as far as it goes; what stops it is the problem."""
    account = settings.account
    try:
        found = sources.sources_of(account.name, file, environ)
        region, source = sources.choose(options.region, found)
        account = replace(account, region=region)
        account = replace(account, thresholds=_thresholds(account, region, file))
        account = replace(account, base_url=_base_url(account, region, file, environ))
        if source is None or source.secret is None:
            raise sources.no_key(account.name, region, file, environ)
        debug.say(f"key from {source.name}, region {region.value}, asking {account.base_url}")
        if source.secret.key:
            key.checked(source.secret.key)
        account = replace(account, secret=source.secret)
        return replace(settings, account=account, advice=_advice(source))
    except ProblemError as error:
        return replace(settings, account=account, problem=error.problem)


def _known_accounts(file: OwnFile) -> list[str]:
    return list(file.accounts) or [DEFAULT_ACCOUNT]


def _account_name(wanted: str | None, file: OwnFile) -> str:
    known = _known_accounts(file)
    if wanted is None:
        return DEFAULT_ACCOUNT if DEFAULT_ACCOUNT in known else known[0]
    if wanted not in known:
        names = ", ".join(one_line(name, 40) for name in known)
        raise UnknownAccountError(
            f"there is no account {one_line(wanted, 40)!r}; there is: {names}"
        )
    return wanted


def _thresholds(account: Account, region: Region, file: OwnFile) -> Thresholds:
    own = file.accounts.get(account.name, {}).get("thresholds", {})
    given = {**file.settings.get("thresholds", {}), **own}
    default = DEFAULT_THRESHOLDS[region]
    warning, critical = (
        Decimal(given[name]) if name in given else None for name in ("warning", "critical")
    )
    if warning is None:
        warning = max(default.warning, critical or Decimal(0))
    elif critical is None:
        critical = min(default.critical, warning)
    critical = default.critical if critical is None else critical
    if critical > warning:
        place = f"accounts.{account.name}.thresholds" if own else "thresholds"
        raise ProblemError(
            Kind.CONFIG,
            one_line(f"{file.path} has a mistake at {place}: critical is above warning"),
            "Allowed is a critical amount at or below the warning amount.",
        )
    days = given.get("runway_days")
    return Thresholds(warning, critical, None if days is None else Decimal(days))


def _base_url(account: Account, region: Region, file: OwnFile, environ: Mapping[str, str]) -> str:
    own = file.accounts.get(account.name, {}).get("base_url")
    places = {
        f"accounts.{account.name}.base_url in {file.path}": own,
        f"base_url in {file.path}": file.settings.get("base_url"),
        "MOONSHOT_BASE_URL": unquoted(environ.get("MOONSHOT_BASE_URL", "")),
    }
    for place, written in places.items():
        if written:
            return endpoint.base_url(written, region, one_line(place, 160))
    return endpoint.official(region)


def _advice(source: Source) -> str:
    if not source.is_open_to_others:
        return ""
    return one_line(f"Other users can read the key in {source.file}: chmod 600 mends that")


def _first(value: float | None, default: float) -> float:
    return default if value is None else value
