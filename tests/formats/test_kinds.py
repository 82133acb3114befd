"""Kinds of problems differ only in their words, and in the symbol for the network."""

from __future__ import annotations

from dataclasses import replace

import pytest
from kit.views import stale, without_balance

from moonshot_status import formats
from moonshot_status.core.errors import Kind
from moonshot_status.formats import Reply

NETWORK = {
    Kind.OFFLINE, Kind.TIMEOUT, Kind.TLS, Kind.PROXY, Kind.REDIRECTED, Kind.BAD_RESPONSE,
}  # fmt: skip


def with_words_of(kind: Kind, reply: Reply, other: Kind) -> Reply:
    """Return the reply for one kind with the words of another kind instead."""
    words = ((kind.command, other.command), (kind.label, other.label), (kind.value, other.value))
    text, stderr = reply.text, reply.stderr
    for old, new in words:
        text, stderr = text.replace(old, new), stderr.replace(old, new)
    return replace(reply, text=text, stderr=stderr)


@pytest.mark.parametrize("name", formats.names())
def test_kinds_differ_only_in_their_words(name: str) -> None:
    render = formats.renderer(name)
    for make_view in (stale, without_balance):
        for kind in Kind:
            # Of these two kinds, no word is part of another.
            example = Kind.TIMEOUT if kind in NETWORK else Kind.UNAUTHORIZED
            expected = with_words_of(example, render(make_view(example)), kind)
            assert render(make_view(kind)) == expected, (make_view.__name__, kind)


def test_the_network_kinds() -> None:
    assert {kind for kind in Kind if kind.is_network} == NETWORK
