"""The environment that other programs inherit from this one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from moonshot_status.config.settings import BY_NAME
from moonshot_status.core.account import fingerprint
from moonshot_status.core.text import unquoted

_VARIABLES = tuple(name.encode() for name in BY_NAME["api_key"].variables)
# After a slash only what is as long as a real key: /home/sk-anders is a folder.
_KEY_IN_VALUE = re.compile(rb"\bsk-[\w-]{24,}|(?<!/)\bsk-[\w-]{4,}")


def without_keys(environ: Mapping[bytes, bytes], key: str, last_key: str) -> dict[bytes, bytes]:
    """Return the variables for a command that needs no key: without those that may contain one.

    ``key`` is the account's key, empty if a key command prints it. ``last_key`` is the fingerprint
    of the key that was used last.
    """

    def has_key(name: bytes, value: bytes) -> bool:
        text = value.decode("utf-8", "replace")
        return (
            name in _VARIABLES
            or bool(_KEY_IN_VALUE.search(value))
            or (key != "" and key in text)
            or fingerprint(unquoted(text)) == last_key
        )

    return {name: value for name, value in environ.items() if not has_key(name, value)}
