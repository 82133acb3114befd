"""The CA certificates that the environment names, and the key log."""

from __future__ import annotations

import errno
import os
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from kit.certificates import new_key, pem_of
from kit.raw_server import BALANCE, RawServer, authority, http, tls_for, trust
from kit.support import KEY

from moonshot_status.api import tls_settings
from moonshot_status.api.client import fetch_balance
from moonshot_status.core import causes
from moonshot_status.core.errors import Cause, Problem, ProblemError

ADDRESS = "127.0.0.1"
Environment = pytest.MonkeyPatch


def ca() -> bytes:
    pem: bytes = authority().cert_pem.bytes()
    return pem


def problem() -> Problem | None:
    found = tls_settings.authorities_problem()
    return found.problem if found else None


def assert_problem(cause: Cause, variable: str, path: object, words: str = "") -> None:
    found = problem()
    assert found
    assert found.cause is cause
    assert dict(found.facts)["variable"] == variable
    assert dict(found.facts)["path"] == str(path)
    assert words in found.message


@pytest.fixture
def file(monkeypatch: Environment, tmp_path: Path) -> Path:
    """The path that SSL_CERT_FILE names; nothing is there."""
    path = tmp_path / "ca.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return path


def test_a_good_file(file: Path) -> None:
    file.write_bytes(ca())
    tls_settings.check_before_use()
    assert problem() is None


def damaged() -> bytes:
    lines = ca().splitlines(keepends=True)
    return b"".join([*lines[:2], b"AAAA\n", *lines[3:]])


@pytest.mark.parametrize(
    ("content", "cause", "words"),
    [
        (lambda: b"", causes.CA_FILE_EMPTY, "no certificate in PEM"),
        (lambda: b"no certificates here\n", causes.CA_FILE_EMPTY, "no certificate in PEM"),
        (lambda: pem_of(new_key()), causes.CA_FILE_EMPTY, "no certificate in PEM"),
        (lambda: ssl.PEM_cert_to_DER_cert(ca().decode()), causes.CA_FILE_DER, "DER"),
        (damaged, causes.CA_UNUSABLE, "A certificate in it is damaged"),
        (lambda: ca() + damaged(), causes.CA_UNUSABLE, "A certificate in it is damaged"),
    ],
    ids=["empty", "text", "private key", "DER", "damaged", "second one damaged"],
)
def test_a_file_without_good_certificates(
    file: Path, content: Callable[[], bytes], cause: Cause, words: str
) -> None:
    file.write_bytes(content())
    tls_settings.check_before_use()
    assert_problem(cause, "SSL_CERT_FILE", file, words)


def test_a_file_that_is_missing(file: Path) -> None:
    tls_settings.check_before_use()
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_FILE", file, "No such file or directory")


def test_a_folder_where_a_file_belongs(file: Path) -> None:
    file.mkdir()
    tls_settings.check_before_use()
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_FILE", file, "Is a directory")


def test_a_variable_that_is_set_but_empty(monkeypatch: Environment) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "")
    tls_settings.check_before_use()
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_FILE", '""')


def test_a_file_that_may_not_be_read(monkeypatch: Environment, file: Path) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    file.write_bytes(ca())
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuse)
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_FILE", file, "Permission denied")


def assert_never_read(path: Path) -> None:
    with pytest.raises(ProblemError) as caught:
        tls_settings.check_before_use()
    assert caught.value.problem.cause is causes.CA_UNUSABLE
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_FILE", path, "Not a regular file")
    with pytest.raises(ProblemError) as caught:
        fetch_balance("https://127.0.0.1:9", KEY, 60)
    assert caught.value.problem.cause is causes.CA_UNUSABLE


def test_a_fifo_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    assert_never_read(file)


def test_a_device_without_an_end_is_not_read(monkeypatch: Environment) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/dev/zero")
    assert_never_read(Path("/dev/zero"))


def folder(path: Path, name: str = "0123abcd.0") -> Path:
    path.mkdir()
    (path / name).write_bytes(ca())
    return path


def test_a_missing_folder(monkeypatch: Environment, tmp_path: Path) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "certs"))
    words = "No such file or directory"
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_DIR", tmp_path / "certs", words)


@pytest.mark.parametrize("name", ["ca.pem", "0123abcd", "0123abcd.r0", "x0123abcd.0"])
def test_a_folder_without_hashed_names(monkeypatch: Environment, tmp_path: Path, name: str) -> None:
    certs = folder(tmp_path / "certs", name)
    monkeypatch.setenv("SSL_CERT_DIR", str(certs))
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_DIR", certs, "openssl rehash")


def test_one_good_folder_is_enough(monkeypatch: Environment, tmp_path: Path) -> None:
    good = folder(tmp_path / "good")
    monkeypatch.setenv("SSL_CERT_DIR", f"{tmp_path / 'missing'}{os.pathsep}{good}")
    assert problem() is None


def test_of_two_bad_folders_the_first_is_told(monkeypatch: Environment, tmp_path: Path) -> None:
    bad = folder(tmp_path / "bad", "ca.pem")
    monkeypatch.setenv("SSL_CERT_DIR", f"{bad}{os.pathsep}{tmp_path / 'missing'}")
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_DIR", bad, "openssl rehash")


def test_a_bad_folder_beside_a_good_file(
    monkeypatch: Environment, tmp_path: Path, file: Path
) -> None:
    file.write_bytes(ca())
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "certs"))
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_DIR", tmp_path / "certs")


def test_a_bad_file_is_told_before_a_bad_folder(
    monkeypatch: Environment, tmp_path: Path, file: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "certs"))
    assert_problem(causes.CA_UNUSABLE, "SSL_CERT_FILE", file)


def system(monkeypatch: Environment, cafile: Path | None, capath: Path | None) -> None:
    """Have OpenSSL look for the CA certificates of the machine there."""
    paths = ssl.get_default_verify_paths()._replace(
        cafile=str(cafile) if cafile else None, capath=str(capath) if capath else None
    )
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)


def test_a_machine_without_ca_certificates(monkeypatch: Environment, tmp_path: Path) -> None:
    for capath in (None, tmp_path / "missing", folder(tmp_path / "certs", "ca.pem")):
        system(monkeypatch, None, capath)
        found = problem()
        assert found
        assert found.cause is causes.NO_AUTHORITIES


def test_a_machine_with_ca_certificates(monkeypatch: Environment, tmp_path: Path) -> None:
    for cafile, capath in ((tmp_path, None), (None, folder(tmp_path / "certs"))):
        system(monkeypatch, cafile, capath)
        assert problem() is None


def test_the_variable_that_names_the_authorities(monkeypatch: Environment) -> None:
    assert tls_settings.named_authorities() is None
    monkeypatch.setenv("SSL_CERT_DIR", "/certs")
    assert tls_settings.named_authorities() == ("SSL_CERT_DIR", "/certs")
    monkeypatch.setenv("SSL_CERT_FILE", "/ca.pem")
    assert tls_settings.named_authorities() == ("SSL_CERT_FILE", "/ca.pem")


def test_the_variable_of_other_programs(monkeypatch: Environment) -> None:
    assert tls_settings.ignored_variable() == ""
    monkeypatch.setenv("CURL_CA_BUNDLE", "/ca.pem")
    assert tls_settings.ignored_variable() == "CURL_CA_BUNDLE"
    monkeypatch.setenv("CURL_CA_BUNDLE", "")
    assert tls_settings.ignored_variable() == ""


def poll(monkeypatch: Environment, folder: Path, key_log: Path | str) -> None:
    """Fetch the balance from a server that is trusted, with this key log."""
    trust(monkeypatch, folder)
    monkeypatch.setenv("SSLKEYLOGFILE", str(key_log))
    with RawServer(http("200 OK", BALANCE), tls=tls_for(ADDRESS)) as server:
        assert str(fetch_balance(server.url, KEY, 60).available) == "49.58894"


@pytest.mark.parametrize("kind", ["missing folder", "folder", "fifo", "full disk", "file"])
def test_a_key_log_is_never_written(monkeypatch: Environment, tmp_path: Path, kind: str) -> None:
    key_log = tmp_path / "keys.log"
    if kind == "missing folder":
        key_log = tmp_path / "missing" / "keys.log"
    elif kind == "folder":
        key_log.mkdir()
    elif kind == "fifo":
        os.mkfifo(key_log)
    elif kind == "full disk":
        key_log = Path("/dev/full")
    poll(monkeypatch, tmp_path, key_log)
    assert not key_log.is_file()
