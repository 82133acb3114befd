"""Clean up text from outside the program: mask keys, strip quotes, fit it on one line."""

from __future__ import annotations

import re

# The bare prefix of Kimi Code keys, as in a hint, is not a key.
_KEY = re.compile(r"\bsk-(?!kimi-(?![\w-]))[\w-]{4,}")
# A word that every shell reads as it is.
_PLAIN_WORD = re.compile(r"[\w@%+=:,./-]+", re.ASCII)
# What copying, editors and shells leave around a value.
_AROUND = {
    "quote": "\"'`",
    "typographic quote": "“”„‟‘’‚‛«»‹›「」『』《》〈〉〝〞〟❛❜❝❞＂＇｀｢｣´ʹʺʻʼʽˊˋ′″‴‵‶‷",
    "backslash": "\\",
    "carriage return": "\r",
    "line break": "\n\v\f\x85\u2028\u2029",
    "tab": "\t",
    "space": " ",
    "non-breaking space": "\u00a0\u202f",
    "typographic space": "\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u205f\u2800\u3000",
    "byte order mark": "\ufeff",
    "zero-width character": "\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064",
    "soft hyphen": "\u00ad",
    "direction mark": "\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}
_STRIPPED = "".join(_AROUND.values())
# Unicode's default-ignorable code points and others that show nothing; spans of characters.
_INVISIBLE = (
    "\u034f", "\u115f\u1160", "\u17b4\u17b5", "\u180b\u180f", "\u2065\u206f", "\u3164",
    "\ufe00\ufe0f", "\uffa0", "\ufff0\ufffb", "\ufffe\uffff", "\U0001bca0\U0001bca3",
    "\U0001d173\U0001d17a", "\U000e0000\U000e0fff",
)  # fmt: skip
# What else a value may not contain; spans of characters.
_INSIDE = {
    "invisible character": _INVISIBLE,
    "terminal control code": ("\x1b", "\x9b"),
    "control character": ("\x00\x1f", "\x7f\x9f"),
    "typographic dash": ("‐―", "−"),
    "byte that is not UTF-8": ("\ufffd", "\ud800\udfff"),
    "character that is not ASCII": ("\x80\U0010ffff",),
    "punctuation mark": ("\x20\x7e",),
}


def mask_keys(value: str) -> str:
    """Return the text with everything that looks like a key masked."""
    return _KEY.sub("sk-…", value)


def unquoted(value: str) -> str:
    """Return a setting without the quotes, blanks and invisible characters around it."""
    start, end = _bounds(value)
    return value[start:end]


def around(value: str) -> str:
    """Return the names of what ``unquoted`` removes, such as "quotes and spaces"; may be empty."""
    start, end = _bounds(value)
    removed = value[:start] + value[end:]
    kinds = dict.fromkeys(_kind(character) for character in removed)
    *names, last = [f"{kind}{'es' if kind.endswith('sh') else 's'}" for kind in kinds] or [""]
    return f"{', '.join(names)} and {last}" if names else last


def _bounds(value: str) -> tuple[int, int]:
    """Return where the value without what is around it begins and ends."""
    start, end = 0, len(value)
    while start < end and _is_around(value[start]):
        start += 1
    while start < end and _is_around(value[end - 1]):
        end -= 1
    return start, end


def _is_around(character: str) -> bool:
    return character in _STRIPPED or (not character.isascii() and _is_in(_INVISIBLE, character))


def _is_in(spans: tuple[str, ...], character: str) -> bool:
    return any(span[0] <= character <= span[-1] for span in spans)


def character_name(character: str) -> str:
    """Return what kind of character this is, such as "a space"; it is not shown itself."""
    kind = _kind(character)
    return f"{'an' if kind[0] == 'i' else 'a'} {kind}"


def _kind(character: str) -> str:
    for name, characters in _AROUND.items():
        if character in characters:
            return name
    return next(name for name, spans in _INSIDE.items() if _is_in(spans, character))


def one_line(value: str, limit: int = 240) -> str:
    """Return the text on one line of at most ``limit`` printable characters, with keys masked."""
    printable = "".join(char if char.isprintable() else " " for char in value[: limit * 4])
    line = mask_keys(" ".join(printable.split()))
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def quoted(word: str) -> str:
    """Return the word as a shell reads it."""
    if _PLAIN_WORD.fullmatch(word):
        return word
    import shlex  # Most words need no quotes.

    return shlex.quote(word)


def escaped(value: str) -> str:
    """Return the text with everything unprintable but tabs and line feeds escaped.

    For text that is printed as it is: a path can contain control sequences of terminals.
    """
    return "".join(
        char if char.isprintable() or char in "\t\n" else char.encode("unicode_escape").decode()
        for char in value
    )
