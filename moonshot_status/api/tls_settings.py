"""The TLS settings of this machine: the CA certificates, and the key log, which is never written.

OpenSSL passes over CA certificates that it cannot read. So that TLS works where others suffice, the
problem with them is for a handshake that fails.
"""

from __future__ import annotations

import os
import re
import ssl
import stat
from pathlib import Path

from moonshot_status.core import causes
from moonshot_status.core.errors import ProblemError

FILE, FOLDERS, KEY_LOG = "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"
_IGNORED = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
# The names that openssl rehash gives to links.
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")
_NOT_A_FILE = "Not a regular file"
_MAX_DER_LENGTH = 1 << 20


def check_before_use() -> None:
    """Drop the key log of the environment. Raises ProblemError for a CA file that is no file.

    A key log that cannot be written, or only in part, would end the connection; and no other
    program has a use for the keys of this one. Reading a FIFO as CA file could wait for ever.
    """
    os.environ.pop(KEY_LOG, None)
    path = os.environ.get(FILE)
    if path and _is_special(path):
        raise _unusable(FILE, path, _NOT_A_FILE)


def _is_special(path: str) -> bool:
    """Return whether it is there, and neither a regular file nor a folder."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def named_authorities() -> tuple[str, str] | None:
    """Return the variable that names the CA certificates and its value, or None."""
    return next(((name, os.environ[name]) for name in (FILE, FOLDERS) if name in os.environ), None)


def ignored_variable() -> str:
    """Return the name of a variable that other programs take CA certificates from, if it is set."""
    return next((name for name in _IGNORED if os.environ.get(name)), "")


def authorities_problem() -> ProblemError | None:
    """Return the problem with the CA certificates of this machine, or None."""
    path, folders = os.environ.get(FILE), os.environ.get(FOLDERS)
    problem = None if path is None else _file_problem(path)
    if problem is None and folders is not None:
        problem = _folders_problem(folders)
    if path is None and folders is None:
        system = ssl.get_default_verify_paths()
        if not system.cafile and (not system.capath or _folder_error(system.capath)):
            return ProblemError(causes.NO_AUTHORITIES)
    return problem


def _file_problem(path: str) -> ProblemError | None:
    if _is_special(path):
        return _unusable(FILE, path, _NOT_A_FILE)
    try:
        # Without this, OpenSSL's error for a folder is one of its own.
        with open(path, "rb"):
            pass
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError as error:
        if _is_der(path):
            return ProblemError(causes.CA_FILE_DER, variable=FILE, path=path)
        if error.reason == "NO_CERTIFICATE_OR_CRL_FOUND":
            return ProblemError(causes.CA_FILE_EMPTY, variable=FILE, path=path)
        return _unusable(FILE, path, "A certificate in it is damaged")
    except OSError as error:
        return _unusable(FILE, path, error.strerror or "")
    return None


def _is_der(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            content = file.read(_MAX_DER_LENGTH)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content)
    except (OSError, ValueError):
        return False
    return True


def _folders_problem(folders: str) -> ProblemError | None:
    """Return the problem with the first of these folders if none of them can be used."""
    errors = [(path, _folder_error(path)) for path in folders.split(os.pathsep)]
    if not all(error for _, error in errors):
        return None
    return _unusable(FOLDERS, *errors[0])


def _folder_error(path: str) -> str:
    try:
        with os.scandir(path) as entries:
            names = [entry.name for entry in entries]
    except OSError as error:
        return error.strerror or ""
    return "" if any(map(_HASHED.fullmatch, names)) else "No names in it that openssl rehash makes"


def _unusable(variable: str, path: str, error: str) -> ProblemError:
    return ProblemError(causes.CA_UNUSABLE, variable=variable, path=path or '""', error=error)
