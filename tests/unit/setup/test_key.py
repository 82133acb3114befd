"""The region and the key in the settings file, and what a failed request says about the key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, made_up_problem

from moonshot_status.api.response import HttpResponse, parse_balance
from moonshot_status.config.settings import Options
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import Kind, ProblemError
from moonshot_status.core.regions import Region
from moonshot_status.setup import key
from moonshot_status.setup.key import Verification

VALID = {Kind.SUSPENDED, Kind.STORE}
INVALID = {
    Kind.NO_KEY, Kind.BAD_KEY, Kind.WRONG_PRODUCT, Kind.CONFIG, Kind.API_ERROR, Kind.UNAUTHORIZED,
    Kind.FORBIDDEN, Kind.INTERNAL,
}  # fmt: skip


def test_a_key_is_saved_unasked_if_it_is_valid_and_asked_if_it_may_be() -> None:
    for kind in Kind:
        verification = Verification("", made_up_problem(kind))
        assert verification.is_verified == (kind in VALID), kind
        assert verification.is_inconclusive == (kind not in VALID | INVALID), kind
    success = Verification("$1.00", None)
    assert (success.is_verified, success.is_inconclusive) == (True, False)


@pytest.mark.parametrize("status", [400, 401, 403, 407, 418, 429, 502, 511])
@pytest.mark.parametrize("body", [None, b"<html>suspended</html>", b'{"message": "Forbidden"}'])
def test_something_in_between_says_nothing_about_the_key(status: int, body: bytes | None) -> None:
    with pytest.raises(ProblemError) as caught:
        parse_balance(HttpResponse(status, {}, body))
    verification = Verification("", caught.value.problem)
    assert not verification.is_verified
    assert verification.is_inconclusive


@pytest.mark.parametrize(
    "file", ["{}", '{"max_age": 1}', '{"api_key": "sk-a", "api_key_command": ""}']
)
def test_an_account_name_stays_readable(own_file: Callable[[Any], Path], file: str) -> None:
    own_file(file)
    content = key.edited(Options(account="工作"), Region.CHINA, Secret(KEY)).decode("utf-8")
    assert '"工作"' in content
    accounts = json.loads(content)["accounts"]
    assert accounts["工作"] == {"region": "china", "api_key": KEY}
    assert accounts.get("default") == ({"api_key": "sk-a"} if "sk-a" in file else None)


@pytest.mark.parametrize(("before", "after"), [(0o600, 0o600), (0o640, 0o640), (0o644, 0o600)])
def test_the_file_is_closed_to_others_although_it_has_the_key_already(
    own_file: Callable[[Any], Path], before: int, after: int
) -> None:
    path = own_file({"api_key": KEY})
    for content, is_changed in ((path.read_bytes(), False), (b"{}", True)):
        path.chmod(before)
        assert key.save(Options(), content) == is_changed
        assert (path.read_bytes(), path.stat().st_mode & 0o777) == (content, after)


def test_the_other_kind_of_secret_is_removed(own_file: Callable[[Any], Path]) -> None:
    own_file({"api_key": KEY, "region": "china", "max_age": 1})
    content = key.edited(Options(), Region.CHINA, Secret(command=("pass", "show")))
    assert json.loads(content) == {
        "region": "china", "max_age": 1, "api_key_command": ["pass", "show"],
    }  # fmt: skip


def test_equal_values_keep_their_formatting(own_file: Callable[[Any], Path]) -> None:
    text = '{"region":"china","api_key_command":["pass","show"]}'
    own_file(text)
    content = key.edited(Options(), Region.CHINA, Secret(command=("pass", "show")))
    assert content.decode("utf-8") == text
