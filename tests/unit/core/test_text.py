"""Text from outside is cleaned up: one printable line without keys or quotes."""

from __future__ import annotations

import shlex
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonshot_status.core.text import around, character_name, escaped, one_line, quoted, unquoted

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sk-1", "sk-1"),
        ("  sk-1\t", "sk-1"),
        ("sk-1\r\n", "sk-1"),
        ("'sk-1'", "sk-1"),
        ('"sk-1"', "sk-1"),
        (' "sk-1" \n', "sk-1"),
        ("\u00a0sk-1\u00a0", "sk-1"),
        ("\ufeffsk-1\u200b", "sk-1"),
        ("“sk-1”", "sk-1"),
        ("`sk-1`", "sk-1"),
        ('\\"sk-1\\"', "sk-1"),
        ("´sk-1′ ″", "sk-1"),
        ("\u2800\ufe0f'sk-1'\U000e0001\ufffe\u3164", "sk-1"),
        ("a 'b' c", "a 'b' c"),
        ("", ""),
        ('""', ""),
        (" ' ' ", ""),
    ],
)
def test_quotes_and_blanks_around_a_value_are_dropped(written: str, meant: str) -> None:
    assert unquoted(written) == meant


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("x", ""),
        ("", ""),
        (" x\t ", "spaces and tabs"),
        ("''", "quotes"),
        ("\ufeff“x”\r\n", "byte order marks, typographic quotes, carriage returns and line breaks"),
        ("\u200bx\u00a0", "zero-width characters and non-breaking spaces"),
        ("\u00adx\u3000", "soft hyphens and typographic spaces"),
        ("\u202ax", "direction marks"),
        ("\u034fx\U000e0001", "invisible characters"),
        ('\\"x', "backslashes and quotes"),
        ("x 'y' z", ""),
    ],
)
def test_what_is_around_a_value_has_names(written: str, names: str) -> None:
    assert around(written) == names


# Characters of the category Cf that show something.
VISIBLE = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
EMPTY = "\x85\u034f\u115f\u1160\u17b4\u2065\u2800\u3164\ufe00\ufe0f\uffa0\ufff0\ufffe\U000e0fff"


def test_everything_that_shows_nothing_is_dropped_around_a_value() -> None:
    formats = [
        character
        for character in map(chr, range(0x80, 0x110000))
        if unicodedata.category(character) in ("Cf", "Zs", "Zl", "Zp")
        and character not in VISIBLE
        and not "\U00013430" <= character <= "\U0001343f"  # They arrange hieroglyphs.
    ]
    kept = [character for character in [*formats, *EMPTY] if unquoted(f"{character}x")[0] != "x"]
    assert kept == []


@pytest.mark.parametrize(
    ("character", "name"),
    [
        (" ", "a space"), ("\t", "a tab"), ("'", "a quote"), ("\n", "a line break"),
        ("\x1b", "a terminal control code"), ("\x07", "a control character"),
        ("\x80", "a control character"), ("–", "a typographic dash"),
        ("\ufe0f", "an invisible character"), ("\\", "a backslash"),
        ("\ufffd", "a byte that is not UTF-8"),
        ("é", "a character that is not ASCII"), ("{", "a punctuation mark"),
    ],
)  # fmt: skip
def test_a_character_is_named_by_its_kind(character: str, name: str) -> None:
    assert character_name(character) == name


@given(ANY_TEXT)
def test_what_is_dropped_around_a_value_is_named(written: str) -> None:
    assert bool(around(written)) == (unquoted(written) != written)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("a\nb\r\nc", "a b c"),
        ("  a \t b  ", "a b"),
        ("a\x1b[31mb", "a [31mb"),
        ("a\u202eb\u2028c", "a b c"),
        ("a\ud800b", "a b"),
        ("a\x00b\x7fc", "a b c"),
        ("月之暗面 <b>|%{", "月之暗面 <b>|%{"),
        ("\n", ""),
    ],
)
def test_one_line_keeps_what_is_printable(written: str, line: str) -> None:
    assert one_line(written) == line


@pytest.mark.parametrize("key", ["sk-canary0123456789", "sk-kimi-canary_01", "sk-ab-cd_ef"])
@pytest.mark.parametrize("around", ["{}", "no file {}", "'{}' is\nnot", "a/{}/b", "key={}"])
def test_what_looks_like_a_key_is_masked(key: str, around: str) -> None:
    line = one_line(around.format(key))
    assert key[3:] not in line
    assert "sk-…" in line


def test_a_key_at_the_cut_is_masked_too() -> None:
    for blanks in range(1, 40):
        assert "sk-c" not in one_line("x" * blanks + " sk-canary0123456789" * 3, 40)


def test_a_long_line_ends_in_an_ellipsis() -> None:
    assert one_line("x" * 10_000, 40) == "x" * 39 + "…"
    assert one_line("x" * 40, 40) == "x" * 40


@given(ANY_TEXT, st.integers(1, 60))
def test_a_line_is_always_short_and_printable(written: str, limit: int) -> None:
    line = one_line(written, limit)
    assert line.isprintable()
    assert len(line) <= limit
    assert line == line.strip()
    line.encode()


@given(ANY_TEXT)
def test_an_unquoted_value_is_settled(written: str) -> None:
    meant = unquoted(written)
    assert unquoted(meant) == meant
    assert meant in written


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("/home/größe/a b\n\tc", "/home/größe/a b\n\tc"),
        ("a\x1b[31mb\x07\r\x9b", r"a\x1b[31mb\x07\r\x9b"),
        ("a\u202eb\u2028c", r"a\u202eb\u2028c"),
        ("a\udcffb\ud800", r"a\udcffb\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(written: str, shown: str) -> None:
    assert escaped(written) == shown


@given(ANY_TEXT | st.from_regex(r"[\w@%+=:,./ ~$;-]*", fullmatch=True))
def test_a_word_is_quoted_as_the_standard_library_does(word: str) -> None:
    assert quoted(word) == shlex.quote(word)


@given(ANY_TEXT)
def test_nothing_unprintable_is_left(text: str) -> None:
    assert "".join(escaped(text).split("\n")).replace("\t", "").isprintable()
