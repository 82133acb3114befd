"""The CA certificates and the key log that the environment names."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import pytest
import trustme

from moonshot_status.api import tls, tls_settings
from moonshot_status.core.errors import ProblemError

CA = trustme.CA().cert_pem.bytes()
DAMAGED = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
KEY = trustme.CA().private_key_pem.bytes()


@pytest.fixture(autouse=True)
def _unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", *tls_settings._IGNORED):
        monkeypatch.delenv(name, raising=False)


def message() -> str:
    error = tls_settings.authorities_problem()
    return error.problem.message if error else ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (CA, ""),
        (b"", "holds no certificate in PEM"),
        (KEY, "holds no certificate in PEM"),
        (ssl.PEM_cert_to_DER_cert(CA.decode()), "is DER, not PEM"),
        (DAMAGED, "A certificate in it is damaged"),
    ],
    ids=["good", "empty", "only a key", "DER", "damaged"],
)
def test_a_file_of_authorities(
    content: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ca"
    path.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert message().endswith(words)
    assert bool(message()) == bool(words)


def test_a_file_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    cases = {
        "": "No such file", "/no": "No such file", str(tmp_path): "Is a directory",
        str(tmp_path / "fifo"): "Not a regular file",
    }  # fmt: skip
    for path, words in cases.items():
        monkeypatch.setenv("SSL_CERT_FILE", path)
        assert words in message(), path


def test_a_fifo_does_not_hang_a_poll(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "fifo")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "fifo"))
    with pytest.raises(ProblemError, match="Not a regular file"):
        tls.make_context()


def test_folders_of_authorities(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_bytes(CA)
    monkeypatch.setenv("SSL_CERT_DIR", "/no")
    assert "SSL_CERT_DIR names /no: No such file" in message()
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    assert "openssl rehash" in message()
    (tmp_path / "0a1b2c3d.0").write_bytes(CA)
    monkeypatch.setenv("SSL_CERT_DIR", f"/no:{tmp_path}")
    assert not message()
    assert tls_settings.named_authorities() == ("SSL_CERT_DIR", f"/no:{tmp_path}")


def test_a_key_log_that_cannot_be_written_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "none" / "keys"))
    assert tls_settings.key_log_error() == "No such file or directory"
    tls.make_context()
    assert "SSLKEYLOGFILE" not in os.environ
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    assert tls.make_context().keylog_filename == str(tmp_path / "keys")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_what_other_programs_read_is_ignored(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not tls_settings.ignored_variable()
    monkeypatch.setenv(name, "/no")
    assert tls_settings.ignored_variable() == name
    assert "/no" not in message()
