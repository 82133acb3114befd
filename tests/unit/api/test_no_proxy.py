"""Which hosts ``NO_PROXY`` lists."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.api.no_proxy import is_listed

HOST = "api.moonshot.ai"


@pytest.mark.parametrize(
    ("listed", "host"),
    [
        ("*", HOST),
        ("a.example,*", HOST),
        ("*", "10.1.2.3"),
        ("api.moonshot.ai", HOST),
        ("moonshot.ai", HOST),
        (".moonshot.ai", HOST),
        ("*.moonshot.ai", HOST),
        ("ai", HOST),
        ("moonshot.ai", "moonshot.ai"),
        (".moonshot.ai", "moonshot.ai"),
        ("*.moonshot.ai", "moonshot.ai"),
        ("API.Moonshot.AI", HOST),
        (HOST, "API.MOONSHOT.AI"),
        ("moonshot.ai.", HOST),
        (HOST, "api.moonshot.ai."),
        ("a.example, moonshot.ai", HOST),
        ("a.example moonshot.ai", HOST),
        (" ,a.example ,\tmoonshot.ai, ", HOST),
        ("moonshot.ai:443", HOST),
        (".moonshot.ai:443", HOST),
        ("*:443", HOST),
        ("moonshot.ai:", HOST),
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3:443", "10.1.2.3"),
        ("10.0.0.0/8", "10.1.2.3"),
        ("10.9.9.9/8", "10.1.2.3"),
        ("10.0.0.0/8:443", "10.1.2.3"),
        ("10.1.2.3/32", "10.1.2.3"),
        ("0.0.0.0/0", "10.1.2.3"),
        ("fd00::1", "fd00::1"),
        ("[fd00::1]", "fd00::1"),
        ("[fd00::1]:443", "fd00::1"),
        ("FD00:0:0::1", "fd00::1"),
        ("fd00::/8", "fd12::1"),
        ("[fd00::]/8", "fd12::1"),
        ("[fd00::/8]", "fd12::1"),
    ],
)
def test_a_host_that_is_listed(listed: str, host: str) -> None:
    assert is_listed(host, 443, listed)


@pytest.mark.parametrize(
    ("listed", "host"),
    [
        ("", HOST),
        (" , ,", HOST),
        (".", HOST),
        ("*.", HOST),
        (":443", HOST),
        ("moonshot.cn", HOST),
        ("oonshot.ai", HOST),
        ("*oonshot.ai", HOST),
        ("api.*", HOST),
        ("x.api.moonshot.ai", HOST),
        ("api.moonshot.ai.example", HOST),
        ("moonshot.ai:80", HOST),
        ("moonshot.ai:https", HOST),
        ("*:80", HOST),
        ("https://api.moonshot.ai", HOST),
        ("10.0.0.0/8", HOST),
        ("10.1.2.4", "10.1.2.3"),
        ("1.2.3", "10.1.2.3"),
        ("2.3", "10.1.2.3"),
        ("10.", "10.1.2.3"),
        ("11.0.0.0/8", "10.1.2.3"),
        ("10.0.0.0/33", "10.1.2.3"),
        ("10.0.0.0/8:80", "10.1.2.3"),
        ("::/0", "10.1.2.3"),
        ("0.0.0.0/0", "fd00::1"),
        ("fd00::2", "fd00::1"),
        ("fe00::/8", "fd00::1"),
        ("[fd00::1]:80", "fd00::1"),
        ("[fd00::1", "10.1.2.3"),
    ],
)
def test_a_host_that_is_not_listed(listed: str, host: str) -> None:
    assert not is_listed(host, 443, listed)


ENTRIES = st.text("*.:/[]%0129afx, \t") | st.text()


@given(ENTRIES, st.sampled_from([HOST, "10.1.2.3", "fd00::1", ""]) | st.text())
def test_no_list_is_an_error(listed: str, host: str) -> None:
    assert is_listed(host, 443, listed) in (True, False)
    assert is_listed(host, 443, f"{listed},*")
