"""No other program inherits a key, unless it is to print one."""

from __future__ import annotations

import pytest
from kit.support import KEY

from moonshot_status.config.child_environment import without_keys
from moonshot_status.core.account import fingerprint


@pytest.mark.parametrize(
    "value",
    ["", "of another form", f"'{KEY}'", f"\ufeff{KEY}", "\u200bsk one two\r", "-", "sk-kimi-x"],
)
@pytest.mark.parametrize("name", ["MOONSHOT_API_KEY", "MOONSHOT_KEY"])
def test_the_variables_of_the_key_are_left_out_whatever_they_hold(name: str, value: str) -> None:
    inherited = {name.encode(): value.encode(), b"MOONSHOT_KEYS": b"kept", b"PATH": b"/bin"}
    kept = {b"MOONSHOT_KEYS": b"kept", b"PATH": b"/bin"}
    assert without_keys(inherited, "", "") == kept


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        (KEY, False), (f"Bearer {KEY}", False), ("the key-1!", False), (" 'printed'\r\n", False),
        ("SK-CANARY0", False), ("Authorization: Bearer printed", False), ("x=printed;", False),
        ("xkey-1!x", True), ("X: (another-key)", False), ("in another-key", False),
        ("/home/sk-anders", True), ("printedhere", True), ("", True), ("key", True),
    ],
)  # fmt: skip
def test_a_key_in_another_variable_is_left_out(value: str, is_kept: bool) -> None:
    inherited = {b"OTHER": value.encode(), b"MOONSHOT_KEY": b"' another-key '"}
    kept = without_keys(inherited, "key-1!", fingerprint("printed"))
    assert kept == ({b"OTHER": value.encode()} if is_kept else {})
