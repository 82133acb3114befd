"""Where settings come from: flag, own file, CodexBar's file, environment, default."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from moonshot_status.config import key_sources, resolver
from moonshot_status.config.settings import BY_NAME, Options, Settings
from moonshot_status.core import causes
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import Kind, Problem
from moonshot_status.core.paths import shell_word
from moonshot_status.core.regions import Region
from moonshot_status.core.thresholds import Thresholds

Write = Callable[[Any], Path]
OWN, CODEX, ENV, ENV2 = ({"api_key": "sk-own"}, {"apiKey": "sk-codex"},
                         {"MOONSHOT_API_KEY": "sk-env"}, {"MOONSHOT_KEY": "sk-env2"})  # fmt: skip
CHINA, WORLD = {"region": "china"}, {"region": "international"}
ENV_CHINA, ENV_MARS = {"MOONSHOT_REGION": "china"}, {"MOONSHOT_REGION": "mars"}
BROKEN = "{"


def resolve(environ: dict[str, str] | None = None, **options: Any) -> Settings:
    flags = {name: options.pop(name) for name in list(options) if name in BY_NAME}
    region = flags.pop("region", None)
    return resolver.resolve(Options(region=region, flags=flags, **options), environ or {})


def write_codexbar(home: Path, entry: Any) -> None:
    text = json.dumps({"version": 1, "providers": [{"id": "moonshot", **entry}]}) if isinstance(
        entry, dict) else entry  # fmt: skip
    path = home / ".codexbar" / "config.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def outcome(found: Settings) -> str:
    """The region and the key, or the kind of the problem."""
    region = found.account.region
    what = found.problem.kind.value if found.problem else found.account.secret.key
    return f"{region.value if region else '-'} {what}"


def problem_of(found: Settings) -> Problem:
    assert found.problem is not None
    return found.problem


@pytest.mark.parametrize(
    ("flag", "own", "codexbar", "environ", "expected"),
    [
        (None, None, None, {}, "international no-key"),
        (None, OWN, CODEX, ENV | ENV2, "international sk-own"),
        (None, {}, CODEX, ENV | ENV2, "international sk-codex"),
        (None, None, None, ENV | ENV2, "international sk-env"),
        (None, None, None, ENV2, "international sk-env2"),
        (None, None, None, {"MOONSHOT_API_KEY": " '' "} | ENV2, "international sk-env2"),
        (None, None, None, {"MOONSHOT_API_KEY": " 'sk-q'\n"}, "international sk-q"),
        (None, {"api_key": " \"sk-q\" "}, None, {}, "international sk-q"),
        (None, {"api_key": "''"}, {"apiKey": '" "'}, {}, "international no-key"),
        # The first source that writes a region or holds a key decides the region.
        (None, OWN | CHINA, CODEX, ENV, "china sk-own"),
        (None, OWN, CODEX | CHINA, ENV | ENV_CHINA, "international sk-own"),
        (None, {}, CODEX, ENV | ENV_CHINA, "international sk-codex"),
        (None, OWN | {"region": " "}, None, ENV_CHINA, "international sk-own"),
        (None, {"api_key": "", "region": ""}, CODEX | CHINA, {}, "china sk-codex"),
        (None, {}, CODEX | CHINA, ENV, "china sk-codex"),
        (None, {}, None, ENV | ENV_CHINA, "china sk-env"),
        (None, {}, None, ENV2 | ENV_CHINA, "china sk-env2"),
        (None, {}, None, ENV_CHINA, "china no-key"),
        (None, {}, CHINA, ENV_CHINA, "china no-key"),
        # The key is the first that belongs to that region.
        (None, CHINA, CODEX | CHINA, ENV, "china sk-codex"),
        (None, CHINA, CODEX, ENV | ENV_CHINA, "china sk-env"),
        (None, CHINA, CODEX, ENV, "china no-key"),
        (None, {}, CHINA, ENV, "china no-key"),
        (None, {}, CHINA, ENV | ENV_CHINA, "china sk-env"),
        (None, {}, WORLD, ENV | ENV_CHINA, "international no-key"),
        # CodexBar's apiKeyRegion is the key's, and the region's where that is missing.
        (None, {}, CODEX | {"apiKeyRegion": "china"}, {}, "china sk-codex"),
        (None, {}, CODEX | WORLD | {"apiKeyRegion": "china"}, {}, "international no-key"),
        (None, {}, CODEX | WORLD | {"apiKeyRegion": "china"}, ENV, "international sk-env"),
        ("china", {}, CODEX | WORLD | {"apiKeyRegion": "china"}, ENV, "china sk-codex"),
        (None, {}, {"apiKeyRegion": "china"}, ENV | ENV_CHINA, "china sk-env"),
        (None, {}, CODEX | CHINA | {"apiKeyRegion": " "}, {}, "china sk-codex"),
        (None, {}, CODEX | {"enabled": False}, {}, "international sk-codex"),
        # The flag goes before every source.
        ("china", OWN, CODEX, ENV, "china no-key"),
        ("china", OWN, CODEX | CHINA, ENV, "china sk-codex"),
        ("china", OWN, CODEX, ENV | ENV_CHINA, "china sk-env"),
        ("international", OWN | CHINA, CODEX | CHINA, ENV, "international sk-env"),
        ("international", OWN | CHINA, None, {}, "international no-key"),
        # Case does not matter.
        (None, OWN | {"region": "'CHINA' "}, None, {}, "china sk-own"),
        (None, {}, CODEX | {"region": " China"}, {}, "china sk-codex"),
        (None, {}, None, ENV | {"MOONSHOT_REGION": '"InterNational"'}, "international sk-env"),
        # An unknown region is a problem where it is needed, and only there.
        (None, OWN | {"region": "mars"}, None, {}, "- config"),
        (None, {}, None, ENV | ENV_MARS, "- config"),
        (None, {}, None, ENV_MARS, "- config"),
        ("china", {}, None, ENV | ENV_MARS, "china config"),
        ("china", {}, CODEX | {"region": "mars", "apiKeyRegion": "china"}, {}, "china sk-codex"),
        ("china", {}, {"region": "mars"}, ENV_MARS, "china no-key"),
        (None, OWN, CODEX | {"region": "mars"}, ENV | ENV_MARS, "international sk-own"),
        (None, {}, CODEX, ENV | ENV_MARS, "international sk-codex"),
        # In CodexBar's file it means international, as there.
        (None, {}, CODEX | {"region": "mars"}, ENV, "international sk-codex"),
        (None, {}, CODEX | {"apiKeyRegion": "mars"}, ENV, "international sk-codex"),
        (None, {}, {"region": "mars"}, ENV, "international sk-env"),
        ("china", {}, CODEX | {"region": "mars"}, {}, "china no-key"),
        (None, {}, CODEX | CHINA | {"apiKeyRegion": "mars"}, {}, "china no-key"),
        # A broken file is a problem where it is needed, and only there.
        (None, OWN, BROKEN, {}, "international sk-own"),
        ("china", OWN | CHINA, BROKEN, {}, "china sk-own"),
        (None, {}, BROKEN, {}, "- config"),
        (None, CHINA, BROKEN, ENV_CHINA, "- config"),
        (None, {}, BROKEN, ENV, "international sk-env"),
        (None, {}, BROKEN, ENV | ENV_CHINA, "china sk-env"),
        ("china", OWN, BROKEN, ENV, "china config"),
        ("china", OWN, BROKEN, ENV | ENV_CHINA, "china sk-env"),
        (None, {}, " \n", {}, "international no-key"),
        (None, BROKEN, CODEX, ENV, "- config"),
        # A key is examined where it is used, and only there.
        (None, OWN, {"apiKey": "sk\n1"}, {"MOONSHOT_API_KEY": "sk-\x01"}, "international sk-own"),
        (None, CHINA, None, {"MOONSHOT_API_KEY": "sk-\x01"}, "china no-key"),
        (None, {"api_key": "sk\n1"}, CODEX, ENV, "international bad-key"),
        (None, {}, {"apiKey": "sk-é"}, ENV, "international sk-env"),
        (None, {}, None, {"MOONSHOT_API_KEY": "sk-kimi-1"} | ENV2, "international wrong-product"),
    ],
)  # fmt: skip
def test_region_and_key(
    home: Path, own_file: Write, flag: str | None, own: Any, codexbar: Any,
    environ: dict[str, str], expected: str,
) -> None:  # fmt: skip
    if own is not None:
        own_file(own)
    if codexbar is not None:
        write_codexbar(home, codexbar)
    found = resolve(environ, region=Region(flag) if flag else None)
    assert outcome(found) == expected
    if not found.problem and found.account.region:
        assert found.account.base_url == f"https://{found.account.region.host}"


def source(name: str, **fields: str) -> st.SearchStrategy[dict[str, Any]]:
    """A source with any regions, whose key says the region that it belongs to."""
    regions = {field: st.sampled_from(["", "china", "international"]) for field in fields.values()}

    def with_key(written: dict[str, str]) -> dict[str, Any]:
        belongs = next((written[f] for f in fields.values() if written[f]), "international")
        return {**written, name: f"sk-{belongs}"}

    return st.fixed_dictionaries(regions).flatmap(
        lambda written: st.sampled_from([written, with_key(written)])
    )


@effort(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    st.sampled_from([None, *Region]),
    source("api_key", first="region"),
    source("apiKey", first="apiKeyRegion", second="region"),
    source("MOONSHOT_API_KEY", first="MOONSHOT_REGION"),
)
def test_a_key_never_goes_to_the_other_region(
    home: Path, own_file: Write, flag: Region | None, own: Any, codexbar: Any, environ: Any
) -> None:
    own_file(own)
    write_codexbar(home, codexbar)
    found = resolve(environ, region=flag)
    region = found.account.region
    assert region is not None
    if found.problem:
        assert found.problem.kind is Kind.NO_KEY
        assert found.account.secret == Secret()
    else:
        assert found.account.secret.key == f"sk-{region.value}"
        assert found.account.base_url == f"https://{region.host}"
    assert flag in (None, region)


def test_a_missing_key_names_the_sources_searched(home: Path, own_file: Write) -> None:
    path = own_file(CHINA)
    hint = problem_of(resolve({"MOONSHOT_API_KEY": "sk-canary-of-another-region"})).hint
    for place in (str(path), "CodexBar", "MOONSHOT_API_KEY", "MOONSHOT_KEY", "other region"):
        assert place in hint
    assert "canary" not in hint


def test_a_problem_of_a_region_names_its_source_and_what_is_allowed() -> None:
    problem = problem_of(resolve(ENV | {"MOONSHOT_REGION": "sk-canary0123456789"}))
    assert "MOONSHOT" in problem.message
    assert "international or china" in problem.hint


@pytest.mark.parametrize(
    ("names", "wanted", "chosen"),
    [
        (["work", "cn"], None, "work"),
        (["work", "default"], None, "default"),
        (["work", "cn"], "cn", "cn"),
        ([], None, "default"),
        ([], "default", "default"),
    ],
)
def test_which_account_is_shown(
    own_file: Write, names: list[str], wanted: str | None, chosen: str
) -> None:
    own_file({"accounts": {name: {"api_key": f"sk-{name}"} for name in names}} if names else OWN)
    account = resolve(account=wanted).account
    assert (account.name, account.secret.key) == (chosen, f"sk-{chosen}" if names else "sk-own")


@pytest.mark.parametrize("own", [OWN, {"accounts": {"work": OWN, "cn": OWN}}])
def test_an_unknown_account_is_a_problem_with_the_existing_names(own_file: Write, own: Any) -> None:
    own_file(own)
    found = resolve(account="play", template="{bar}")
    problem = problem_of(found)
    assert problem.cause is causes.UNKNOWN_ACCOUNT
    assert re.fullmatch(".*'play'.*(default|work, cn)", problem.message)
    assert (found.account.name, found["template"]) == ("play", "{bar}")


def test_no_name_can_make_the_message_long_or_unprintable(own_file: Write) -> None:
    own_file({"accounts": {"\x1b[31mred\n": OWN, "sk-canary0123456789": OWN, "x" * 10_000: OWN}})
    message = problem_of(resolve(account="\x00sk-canary0123456789" + "y" * 10_000)).message
    assert message.isprintable()
    assert len(message) < 240
    assert "canary" not in message
    assert resolve(account="").account.name == ""


@pytest.mark.parametrize("wanted", ["all", "work,cn"])
def test_each_account_is_found_in_the_same_content_of_the_file(
    own_file: Write, wanted: str
) -> None:
    own_file({"accounts": {"work": OWN, "cn": OWN}})
    accounts, file = resolver.each_account(Options(account=wanted))
    own_file({"accounts": {"home": OWN}})
    assert [resolver.resolve(each, {}, file).problem for each in accounts] == [None, None]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"accounts": {"work": {}}}, "international no-key"),
        ({"accounts": {"work": CHINA}}, "china no-key"),
        ({"accounts": {"work": OWN | {"region": ""}}, "region": "china"}, "china sk-own"),
        ({"accounts": {"work": OWN | WORLD}, "region": "china"}, "international sk-own"),
    ],
)
def test_a_named_account_is_complete_in_itself(
    home: Path, own_file: Write, own: Any, expected: str
) -> None:
    own_file(own)
    for codexbar in (CODEX | CHINA, CODEX | WORLD, BROKEN):
        write_codexbar(home, codexbar)
        for environ in (ENV, ENV | ENV_CHINA, ENV | ENV_MARS):
            assert outcome(resolve(environ)) == expected


def test_a_command_stands_for_a_key(own_file: Write) -> None:
    own_file({"api_key_command": ["pass", "show", "moonshot"]})
    assert resolve(ENV).account.secret == Secret(command=("pass", "show", "moonshot"))


def test_another_settings_file_replaces_the_usual_one(tmp_path: Path, own_file: Write) -> None:
    own_file(BROKEN)
    other = tmp_path / "other.json"
    assert problem_of(resolve(ENV, config=other)).kind is Kind.CONFIG
    other.write_text(json.dumps(OWN), encoding="utf-8")
    assert outcome(resolve(config=other)) == "international sk-own"


@pytest.mark.parametrize(
    ("own", "flags", "expected"),
    [
        ({}, {}, (300, 10)),
        ({"max_age": 60, "timeout": 2.5}, {}, (60, 2.5)),
        ({"max_age": 60, "timeout": 2.5}, {"max_age": 0.0, "timeout": 1.0}, (0, 1)),
        ({"max_age": 0, "accounts": {"a": {"timeout": 3}}}, {}, (0, 3)),
        ({"max_age": 60, "accounts": {"a": {"max_age": 0}}}, {}, (0, 10)),
    ],
)
def test_numbers_come_from_the_flag_then_the_file(
    own_file: Write, own: Any, flags: dict[str, float], expected: tuple[float, float]
) -> None:
    own_file(own)
    found = resolve(**flags)
    assert (found["max_age"], found["timeout"]) == expected


@pytest.mark.parametrize(
    ("account", "file", "variable", "expected"),
    [
        ("https://a.test/v1", "https://b.test", "https://c.test", "https://a.test"),
        ("", "https://b.test/v1/", "https://c.test", "https://b.test"),
        (" '' ", "", " 'https://c.test/v1'\n", "https://api.moonshot.ai"),
        ("", "", " '' ", "https://api.moonshot.ai"),
        ("https://a.test", "http://b.test", "https://api.moonshot.cn", "https://a.test"),
        (None, "https://b.test/v1/", "https://c.test", "https://b.test"),
        (None, "", " 'https://c.test/v1'\n", "https://c.test"),
        (None, "", " '' ", "https://api.moonshot.ai"),
    ],
)
def test_the_base_url_comes_from_the_first_source(
    own_file: Write, account: str | None, file: str, variable: str, expected: str
) -> None:
    """Without an account, the key is from the environment."""
    accounts = {} if account is None else {"accounts": {"work": OWN | {"base_url": account}}}
    own_file({"base_url": file, **accounts})
    found = resolve(ENV | {"MOONSHOT_BASE_URL": variable})
    assert (found.problem, found.account.base_url) == (None, expected)


@pytest.mark.parametrize(
    ("own", "codexbar", "environ", "is_ignored"),
    [
        (OWN, None, ENV, True),
        ({"accounts": {"work": OWN}}, None, ENV, True),
        ({"api_key_command": ["x"]}, None, {}, True),
        ({}, CODEX, ENV, True),
        ({}, None, {}, True),
        (CHINA, None, ENV, True),
        (OWN | {"base_url": "https://b.test"}, None, {}, True),
        ({}, None, ENV, False),
        ({}, None, ENV2, False),
        (CHINA, CODEX, ENV | ENV_CHINA, False),
        # Without a region it is not known which key would be used.
        ({}, None, ENV | ENV_MARS, False),
        (OWN, None, {"MOONSHOT_BASE_URL": " '' "}, False),
    ],
)
def test_a_base_url_of_the_environment_counts_for_its_key_and_is_else_pointed_out(
    home: Path, own_file: Write, own: Any, codexbar: Any, environ: dict[str, str],
    is_ignored: bool,
) -> None:  # fmt: skip
    path = own_file(own)
    if codexbar is not None:
        write_codexbar(home, codexbar)
    found = resolve({"MOONSHOT_BASE_URL": "https://c.test"} | environ)
    assert [remark.message for remark in found.remarks] == (
        ["MOONSHOT_BASE_URL is ignored"] if is_ignored else []
    )
    assert not (is_ignored and found.account.base_url == "https://c.test")
    assert all(str(path) in remark.hint for remark in found.remarks)


@pytest.mark.parametrize(
    ("mode", "is_pointed_out"), [(0o600, False), (0o640, False), (0o604, True), (0o622, False)]
)
def test_a_key_that_others_can_read_is_pointed_out(
    own_file: Write, mode: int, is_pointed_out: bool
) -> None:
    file = own_file(OWN)
    file.chmod(mode)
    found = resolve({})
    assert found.problem is None
    assert (f"{file}: chmod 600" in found.advice) == is_pointed_out


def test_a_broken_file_of_codexbar_that_is_passed_over_is_pointed_out(home: Path) -> None:
    assert resolve(ENV).advice == ""
    write_codexbar(home, BROKEN)
    found = resolve(ENV)
    assert found.problem is None
    path = home / ".codexbar" / "config.json"
    assert found.advice == f"CodexBar's {path} is not valid JSON, so it is passed over"


UNUSABLE = {
    "sk-kimi-canary": ("This is a key of Kimi Code, which has no balance", Kind.WRONG_PRODUCT),
    "sk-ca nary": ("The API key contains a space at position 6", Kind.BAD_KEY),
    "x" * 4097: ("The API key is longer than 4096 characters", Kind.BAD_KEY),
    "$(pass show x)": ("The API key contains a space at position 7", Kind.BAD_KEY),
}


@pytest.mark.parametrize("key", UNUSABLE)
@pytest.mark.parametrize("regions", [{}, {"region": "china"}, {"apiKeyRegion": "china"}])
def test_an_unusable_key_of_codexbar_is_passed_over_if_there_is_another(
    home: Path, key: str, regions: dict[str, str]
) -> None:
    write_codexbar(home, {"apiKey": key, **regions})
    found = resolve(ENV)
    assert (found.problem, found.origins["key"]) == (None, "MOONSHOT_API_KEY")
    assert (found.account.region, found.origins["region"]) == (Region.INTERNATIONAL, "default")
    place = f"CodexBar's {home / '.codexbar' / 'config.json'}"
    assert found.advice == f"{place}: {UNUSABLE[key][0]}, so it is passed over"


@pytest.mark.parametrize("key", UNUSABLE)
@pytest.mark.parametrize("environ", [{}, {"MOONSHOT_REGION": "china"}, {"MOONSHOT_KEY": " "}])
def test_an_unusable_key_of_codexbar_is_the_problem_if_there_is_no_other(
    home: Path, key: str, environ: dict[str, str]
) -> None:
    write_codexbar(home, {"apiKey": key})
    found = resolve(environ)
    assert found.problem
    assert (found.problem.kind, found.account.region) == (UNUSABLE[key][1], Region.INTERNATIONAL)
    assert found.problem.message.startswith("CodexBar's ")
    assert found.advice == ""


def test_an_unusable_key_of_codexbar_and_a_key_of_the_other_region(
    home: Path, own_file: Write
) -> None:
    own_file({"region": "china"})
    write_codexbar(home, {"apiKey": "sk-kimi-canary"})
    found = resolve(ENV)
    assert found.problem
    assert (found.problem.kind, found.account.region) == (Kind.NO_KEY, Region.CHINA)


def test_an_unusable_key_beside_the_region_that_is_asked_for(home: Path) -> None:
    write_codexbar(home, {"apiKey": "sk-kimi-canary", "region": "china"})
    found = resolver.resolve(Options(region=Region.CHINA), ENV)
    assert found.problem
    assert found.problem.kind is Kind.WRONG_PRODUCT


@pytest.mark.parametrize("around", [" {} ", "'{}'", "\ufeff{}", "\u200b{}\r", "{}\u00ad\n", "“{}”"])
def test_what_is_ignored_around_a_key_is_pointed_out(
    home: Path, own_file: Write, around: str
) -> None:
    written = around.format("sk-canary")
    found = resolve({"MOONSHOT_KEY": written})
    assert (found.account.secret, found.origins["key"]) == (Secret("sk-canary"), "MOONSHOT_KEY")
    assert re.fullmatch("MOONSHOT_KEY has [a-z -]+s around it, which are ignored", found.advice)
    write_codexbar(home, {"apiKey": written})
    assert resolve().account.secret == Secret("sk-canary")
    assert "CodexBar's " in resolve().advice
    path = own_file({"api_key": written})
    path.chmod(0o644)
    found = resolve()
    assert found.account.secret == Secret("sk-canary")
    assert found.advice.startswith(f"api_key in {path} has ")
    assert ". Other users can read the key in" in found.advice
    assert "canary" not in found.advice


@pytest.mark.parametrize("name", ["MOONSHOT_API_KEY", "MOONSHOT_KEY"])
def test_a_problem_of_a_key_names_its_source(name: str) -> None:
    assert problem_of(resolve({name: "sk canary"})).message == (
        f"{name}: The API key contains a space at position 3"
    )


def test_a_file_that_has_gone_is_open_to_nobody(home: Path) -> None:
    source = key_sources.Source("x", "", "", Secret("sk-x"), home / "gone.json")
    assert not source.is_world_readable


def test_a_file_without_a_key_may_be_read_by_others(own_file: Write) -> None:
    own_file({"api_key_command": ["pass"]}).chmod(0o644)
    assert resolve({}).advice == ""


BAD_URL = "https://user:canary@api.moonshot.ai"


@pytest.mark.parametrize(
    ("own", "environ", "place"),
    [
        ({"accounts": {"work": OWN | {"base_url": BAD_URL}}}, {}, "accounts.work.base_url"),
        (OWN | {"base_url": BAD_URL}, {}, "base_url"),
        ({}, ENV | {"MOONSHOT_BASE_URL": BAD_URL}, "MOONSHOT_BASE_URL"),
        ({}, ENV2 | {"MOONSHOT_BASE_URL": "https://API.moonshot.CN.:8443/v1"}, "MOONSHOT_BASE_URL"),
        (CHINA, ENV | ENV_CHINA | {"MOONSHOT_BASE_URL": "https://api.moonshot.ai/v1"},
         "MOONSHOT_BASE_URL"),
        (OWN | {"base_url": "http://192.0.2.1"}, {}, "base_url"),
    ],
)  # fmt: skip
def test_a_bad_base_url_is_named_by_its_origin_and_never_repeated(
    own_file: Write, own: Any, environ: dict[str, str], place: str
) -> None:
    file = own_file(own)
    problem = problem_of(resolve(environ))
    assert problem.kind is Kind.CONFIG
    where = place if place.startswith("MOONSHOT") else f"{place} in {file}"
    assert problem.message.startswith(f"{where} cannot be used")
    assert "canary" not in problem.message + problem.hint


@pytest.mark.parametrize(
    ("region", "given", "warning", "critical"),
    [
        ("international", {}, "5", "1"),
        ("china", {}, "35", "7"),
        ("international", {"warning": 3}, "3", "1"),
        ("international", {"warning": 0.5}, "0.5", "0.5"),
        ("international", {"warning": 0}, "0", "0"),
        ("international", {"critical": 2}, "5", "2"),
        ("international", {"critical": 8.1}, "8.1", "8.1"),
        ("china", {"warning": 5}, "5", "5"),
        ("china", {"critical": 0}, "35", "0"),
        ("international", {"warning": 2, "critical": 2}, "2", "2"),
    ],
)
def test_a_default_threshold_follows_the_one_that_is_given(
    own_file: Write, region: str, given: Any, warning: str, critical: str
) -> None:
    own_file(OWN | {"region": region, "thresholds": given})
    assert resolve().account.thresholds == Thresholds(Decimal(warning), Decimal(critical))


@pytest.mark.parametrize(
    ("general", "own", "warning", "critical"),
    [
        ({"warning": 10, "critical": 2}, {"critical": 3}, 10, 3),
        ({"warning": 1, "critical": 2}, {"warning": 9}, 9, 2),
        ({"warning": 10}, {}, 10, 1),
    ],
)
def test_an_account_goes_before_the_general_thresholds(
    own_file: Write, general: Any, own: Any, warning: int, critical: int
) -> None:
    own_file({"thresholds": general, "accounts": {"work": OWN | {"thresholds": own}}})
    assert resolve().account.thresholds == Thresholds(Decimal(warning), Decimal(critical))


def test_what_the_bar_shows(own_file: Write) -> None:
    own_file(OWN)
    assert resolve()["show"] == ("balance",)
    own_file({"show": ["runway"], "accounts": {"work": OWN, "cn": OWN | {"show": ["pace"]}}})
    assert resolve()["show"] == ("runway",)
    assert resolve(account="cn")["show"] == ("pace",)
    assert resolve(account="cn", show=("today",))["show"] == ("today",)
    own_file(OWN | {"show": ["nonsense"]})
    assert problem_of(resolve()).kind is Kind.CONFIG


def test_days_are_a_threshold_of_their_own(own_file: Write) -> None:
    own_file({"thresholds": {"runway_days": 7}, "accounts": {"work": OWN, "cn": OWN}})
    assert resolve().account.thresholds == Thresholds(Decimal(5), Decimal(1), Decimal(7))
    own_file(OWN | {"thresholds": {"runway_days": 0.5}})
    assert resolve().account.thresholds == Thresholds(Decimal(5), Decimal(1), Decimal("0.5"))


@pytest.mark.parametrize(
    ("general", "own", "command"),
    [
        ({}, {}, ()),
        ({"notify_command": ["a", ""]}, {}, ("a", "")),
        ({"notify_command": ["a"]}, {"notify_command": ["b"]}, ("b",)),
        ({}, {"notify_command": ["b", "c d"]}, ("b", "c d")),
    ],
)
def test_an_accounts_notify_command_goes_before_the_general_one(
    own_file: Write, general: Any, own: Any, command: tuple[str, ...]
) -> None:
    own_file(general | {"accounts": {"work": OWN | own, "cn": OWN}})
    assert resolve()["notify_command"] == command
    assert resolve(account="cn")["notify_command"] == tuple(general.get("notify_command", ()))


def test_a_template_keeps_blanks_and_an_accounts_own_wins(own_file: Write) -> None:
    own_file({"template": ' "{bar}"', "accounts": {"work": OWN, "cn": OWN | {"template": "{bar}"}}})
    assert resolve()["template"] == ' "{bar}"'
    assert resolve(account="cn")["template"] == "{bar}"
    assert resolve(account="cn", template="{level}")["template"] == "{level}"
    own_file(OWN | {"template": ""})
    assert (resolve()["template"], resolve().problem) == ("", None)


@pytest.mark.parametrize("template", ["{nonsense}", "{", "}", "{balance.real}", "a\nb", 5, "{}"])
def test_a_template_with_a_mistake_is_a_problem(own_file: Write, template: Any) -> None:
    own_file({"accounts": {"work": OWN | {"template": template}}})
    assert "accounts.work.template: allowed is one line" in problem_of(resolve()).message


def test_a_notify_command_stands_in_a_file_without_accounts_too(own_file: Write) -> None:
    own_file(OWN | {"notify_command": ["a"]})
    assert resolve()["notify_command"] == ("a",)


@pytest.mark.parametrize("command", [[], "", "a", [""], ["a", 5], ["a\0"], [None], {}])
def test_a_notify_command_is_a_list_of_strings(own_file: Write, command: Any) -> None:
    own_file(OWN | {"notify_command": command})
    found = resolve()
    if command == "":
        assert (found.problem, found["notify_command"]) == (None, ())
    else:
        assert "notify_command" in problem_of(found).message


@pytest.mark.parametrize(
    ("general", "own", "place"),
    [
        ({"warning": 9, "critical": 1}, {"warning": 3, "critical": 4}, "accounts.work.thresholds"),
        ({"critical": 2}, {"warning": 1}, "accounts.work.thresholds"),
        ({"warning": 1, "critical": 2}, {}, "thresholds"),
    ],
)
def test_thresholds_that_cross_are_a_problem(
    own_file: Write, general: Any, own: Any, place: str
) -> None:
    path = own_file({"thresholds": general, "accounts": {"work": OWN | {"thresholds": own}}})
    problem = problem_of(resolve())
    assert problem.kind is Kind.CONFIG
    assert f"{path} has a mistake at {place}:" in problem.message


def test_no_setting_of_another_account_is_examined(own_file: Write) -> None:
    bad = {"api_key": "sk\n1", "base_url": BAD_URL, "thresholds": {"warning": 1, "critical": 2}}
    own_file({"accounts": {"work": OWN, "other": bad}})
    assert outcome(resolve()) == "international sk-own"


def test_the_outcome_never_shows_its_key(own_file: Write) -> None:
    own_file({"api_key": "sk-canary"})
    assert "canary" not in repr(resolve())


def test_each_value_says_where_it_came_from(own_file: Write) -> None:
    account = OWN | {"max_age": 60, "thresholds": {"critical": 2}}
    path = own_file(CHINA | {"accounts": {"work": account}, "thresholds": {"warning": 9}})
    assert resolve(show=("today",)).origins == {
        "account": f"accounts in {path}",
        "region": f"region in {path}",
        "key": f"accounts.work.api_key in {path}",
        "base_url": "default",
        "max_age": f"accounts.work.max_age in {path}",
        "timeout": "default",
        "template": "default",
        "show": "--show",
        "hide_amount": "default",
        "notify_command": "default",
        "thresholds.warning": f"thresholds.warning in {path}",
        "thresholds.critical": f"accounts.work.thresholds.critical in {path}",
        "thresholds.runway_days": "default",
    }


@pytest.mark.parametrize(
    ("own", "codexbar", "environ", "region", "key"),
    [
        (OWN, None, {}, "default", "api_key in {own}"),
        (OWN | CHINA, None, {}, "region in {own}", "api_key in {own}"),
        ({"api_key_command": ["x"]}, None, {}, "default", "api_key_command in {own}"),
        ({}, CODEX | CHINA, {}, "CodexBar's {codexbar}", "CodexBar's {codexbar}"),
        ({}, CODEX, {}, "default", "CodexBar's {codexbar}"),
        ({}, None, ENV | ENV_CHINA, "MOONSHOT_REGION", "MOONSHOT_API_KEY"),
        (CHINA, None, ENV2 | ENV_CHINA, "region in {own}", "MOONSHOT_KEY"),
        (CHINA, None, {}, "region in {own}", None),
    ],
)
def test_region_and_key_say_where_they_came_from(
    home: Path, own_file: Write, own: Any, codexbar: Any, environ: dict[str, str], region: str,
    key: str | None,
) -> None:  # fmt: skip
    files = {"own": own_file(own), "codexbar": home / ".codexbar" / "config.json"}
    if codexbar is not None:
        write_codexbar(home, codexbar)
    places = resolve(environ).origins
    assert places["region"] == region.format(**files)
    assert places.get("key") == (key.format(**files) if key else None)


def test_flags_and_variables_are_origins_too(home: Path) -> None:
    found = resolve(
        ENV | {"MOONSHOT_BASE_URL": "https://c.test"},
        region=Region.INTERNATIONAL,
        account="default",
    )
    assert found.origins["region"] == "--region"
    assert found.origins["account"] == "--account"
    assert found.origins["base_url"] == "MOONSHOT_BASE_URL"


@pytest.mark.parametrize(
    ("own", "is_problem", "ignored"),
    [
        (OWN, False, []),
        ({"api_key_command": ["x"]}, True, []),
        (OWN | {"base_url": "https://b.test"}, True, []),
        (OWN | {"notify_command": ["x"]}, False, ["notify_command is ignored"]),
        # The problem says it already.
        ({"api_key_command": ["x"], "notify_command": ["x"]}, True, []),
    ],
)
def test_commands_and_a_base_url_need_a_file_that_nobody_else_can_write(
    own_file: Write, own: Any, is_problem: bool, ignored: list[str]
) -> None:
    path = own_file(own)
    found = resolve()
    assert (found.problem, found.remarks) == (None, ())
    assert found["notify_command"] == tuple(own.get("notify_command", ()))
    path.chmod(0o602)
    found = resolve()
    assert (found.problem and found.problem.cause) == (
        causes.WRITABLE_BY_OTHERS if is_problem else None
    )
    assert found["notify_command"] == ()
    assert [remark.message for remark in found.remarks] == ignored
    assert all(f"chmod go-w {shell_word(path)}" in remark.hint for remark in found.remarks)
    # A key of another source is used, but not with this file's base URL.
    assert bool(resolve(ENV | ENV_CHINA, region=Region.CHINA).problem) == ("base_url" in own)
