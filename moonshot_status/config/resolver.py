"""Resolve each setting: flag, own file, CodexBar's file, environment, default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from moonshot_status.api.base_url import normalize_base_url, official_base_url
from moonshot_status.config import api_key, key_sources, settings_file
from moonshot_status.config.key_sources import Choice, Source
from moonshot_status.config.settings import (
    ALL_ACCOUNTS,
    BY_NAME,
    DEFAULT_ACCOUNT,
    Options,
    Setting,
    Settings,
    independent,
)
from moonshot_status.config.settings_file import SettingsFile, SettingValue
from moonshot_status.core import causes, log, thresholds
from moonshot_status.core.account import Account
from moonshot_status.core.errors import Problem, ProblemError
from moonshot_status.core.regions import DEFAULT_REGION, Region
from moonshot_status.core.text import one_line, unquoted
from moonshot_status.core.thresholds import LIMITS, CrossedThresholdsError, Thresholds

_UNSET = SettingValue(None)
_BASE_URL_VARIABLE = BY_NAME["base_url"].variables[0]


def each_account(options: Options) -> tuple[list[Options], SettingsFile | None]:
    """Return the options of each requested account: one, several with commas, or all.

    The settings file is returned as well if it was read, so that every account is resolved with the
    same content.
    """
    wanted = options.account
    if wanted is None or (wanted != ALL_ACCOUNTS and "," not in wanted):
        return [options], None
    try:
        file = _read_file(options)
    except ProblemError:
        return [options], None
    existing = _account_names(file)
    if wanted in existing:
        return [options], file
    names = existing if wanted == ALL_ACCOUNTS else [name.strip() for name in wanted.split(",")]
    return [replace(options, account=name) for name in dict.fromkeys(names)], file


def resolve(
    options: Options, environ: Mapping[str, str], file: SettingsFile | None = None
) -> Settings:
    """Return the settings of one account; problems are in the result.

    ``file`` is used in place of the settings file on disk.
    """
    wanted = DEFAULT_ACCOUNT if options.account is None else options.account
    settings = _independent(options, wanted, SettingsFile(Path()))
    try:
        if file is None:
            file = _read_file(options)
        settings = _independent(options, account_name(options.account, file), file)
    except ProblemError as error:
        return replace(settings, problem=error.problem)
    return _with_trusted_notification(_with_account(settings, options, file, environ), file)


def _read_file(options: Options) -> SettingsFile:
    path = options.config or settings_file.default_path()
    return settings_file.read(path, required=options.config is not None)


def _independent(options: Options, name: str, file: SettingsFile) -> Settings:
    """Return the settings that do not depend on another one."""
    found = {setting.name: _found(options, setting, name, file) for setting in independent()}
    origins = {setting: value.origin for setting, value in found.items()}
    origins["account"] = "default"
    if options.account:
        origins["account"] = "--account"
    elif file.accounts:
        origins["account"] = f"accounts in {file.path}"
    return Settings(
        Account(name, options.region),
        # A file has lists, and numbers of other types than the defaults.
        {name: type(BY_NAME[name].default)(value.value) for name, value in found.items()},
        origins=origins,
        accounts=tuple(file.accounts),
    )


def _found(options: Options, setting: Setting, account: str, file: SettingsFile) -> SettingValue:
    flag = options.flags.get(setting.name)
    if flag is not None:
        return SettingValue(flag, setting.flag)
    return file.find(account, setting.name) or SettingValue(setting.default)


def _with_account(
    settings: Settings, options: Options, file: SettingsFile, environ: Mapping[str, str]
) -> Settings:
    """Return the settings with as much of the account as can be resolved."""
    name = settings.account.name
    try:
        choice = key_sources.choose(options.region, key_sources.sources_of(name, file, environ))
        region, source = choice.region, choice.source or key_sources.NO_SOURCE
        settings = replace(settings, remarks=_ignored_variable(source, file, environ))
        settings = _with(settings, _region_origin(options, choice), region=region)
        limits, origins = resolve_thresholds(name, region, file)
        settings = _with(settings, origins, thresholds=limits)
        url = resolve_base_url(name, region, file, environ if source.is_environment else {})
        settings = _with(settings, {"base_url": url.origin}, base_url=url.value)
        settings = _with_secret(settings, source, file, environ)
        return replace(settings, advice=_advice(choice))
    except ProblemError as error:
        return replace(settings, problem=error.problem)


def _with(settings: Settings, origins: Mapping[str, str], **fields: Any) -> Settings:
    """Return the settings with more fields of the account, and with their origins."""
    return replace(
        settings,
        account=replace(settings.account, **fields),
        origins={**settings.origins, **origins},
    )


def _region_origin(options: Options, choice: Choice) -> dict[str, str]:
    if options.region:
        return {"region": BY_NAME["region"].flag}
    source = choice.decided_by
    return {"region": source.region_origin if source and source.region else "default"}


def _with_secret(
    settings: Settings, source: Source, file: SettingsFile, environ: Mapping[str, str]
) -> Settings:
    account = settings.account
    region = account.region or DEFAULT_REGION
    if source.secret is None:
        raise key_sources.no_key(account.name, region, file, environ)
    if source.secret.command:
        file.require_trust()
    log.log(f"key from {source.name}, region {region.value}, asking {account.base_url}")
    key_sources.check_key(source)
    return _with(settings, {"key": source.key_origin}, secret=source.secret)


def _with_trusted_notification(settings: Settings, file: SettingsFile) -> Settings:
    """Return the settings without a notification command that somebody else may have written."""
    if not settings["notify_command"] or not file.dangers:
        return settings
    settings = replace(
        settings,
        values={**settings.values, "notify_command": ()},
        origins={**settings.origins, "notify_command": "ignored"},
    )
    if settings.problem in file.dangers:
        return settings
    danger = file.dangers[0]
    ignored = ProblemError(causes.NOTIFY_COMMAND_IGNORED, problem=danger.message, fix=danger.hint)
    return replace(settings, remarks=(*settings.remarks, ignored.problem))


def _account_names(file: SettingsFile) -> list[str]:
    return list(file.accounts) or [DEFAULT_ACCOUNT]


def account_name(wanted: str | None, file: SettingsFile) -> str:
    """Return the name of the requested account, or of the default one.

    Raises ProblemError if there is no account of that name.
    """
    existing = _account_names(file)
    if wanted is None:
        return DEFAULT_ACCOUNT if DEFAULT_ACCOUNT in existing else existing[0]
    if wanted not in existing:
        names = ", ".join(one_line(name, 40) for name in existing)
        error = f"there is no account {one_line(wanted, 40)!r}; there is: {names}"
        raise ProblemError(causes.UNKNOWN_ACCOUNT, error=error)
    return wanted


def resolve_thresholds(
    name: str, region: Region, file: SettingsFile
) -> tuple[Thresholds, dict[str, str]]:
    """Return the account's thresholds and their origins. Raises ProblemError if they cross."""
    found = {limit: file.find(name, f"thresholds.{limit}") for limit in LIMITS}
    given = {limit: Decimal(value.value) for limit, value in found.items() if value}
    origins = {f"thresholds.{limit}": (value or _UNSET).origin for limit, value in found.items()}
    try:
        return thresholds.with_defaults(given, region), origins
    except CrossedThresholdsError as error:
        own = file.accounts.get(name, {}).get("thresholds")
        setting = f"accounts.{name}.thresholds" if own else "thresholds"
        raise ProblemError(causes.THRESHOLDS_CROSS, path=str(file.path), setting=setting) from error


def resolve_base_url(
    name: str, region: Region, file: SettingsFile, environ: Mapping[str, str]
) -> SettingValue:
    """Return the account's base URL without ``/v1``. Raises ProblemError if it is not allowed.

    ``environ`` is empty unless the account's key comes from the environment: the key of a file
    must not go to whatever host the environment names.
    """
    found = file.find(name, "base_url")
    if found:
        file.require_trust()
    written = unquoted(environ.get(_BASE_URL_VARIABLE, ""))
    if found is None and written:
        found = SettingValue(written, _BASE_URL_VARIABLE)
    if found is None:
        return SettingValue(official_base_url(region))
    origin = one_line(found.origin, 160)
    return replace(found, value=normalize_base_url(found.value, region, origin))


def _ignored_variable(
    source: Source, file: SettingsFile, environ: Mapping[str, str]
) -> tuple[Problem, ...]:
    """Return a remark if the environment has a base URL, and the key is from another source."""
    if source.is_environment or not unquoted(environ.get(_BASE_URL_VARIABLE, "")):
        return ()
    ignored = ProblemError(
        causes.BASE_URL_IGNORED, variable=_BASE_URL_VARIABLE, path=str(file.path)
    )
    return (ignored.problem,)


def _advice(choice: Choice) -> str:
    """Return the remarks on the files and the key, although they can be used."""
    source, passed_over = choice.source or key_sources.NO_SOURCE, choice.passed_over
    remarks = [api_key.note(source.key_origin, source.ignored)]
    if passed_over:
        remarks.append(f"{passed_over.problem.message}, so it is passed over")
    if source.is_world_readable:
        remarks.append(f"Other users can read the key in {source.file}: chmod 600 mends that")
    return ". ".join(one_line(remark) for remark in remarks if remark)
