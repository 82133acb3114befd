"""What is wrong with TLS, in words: by OpenSSL's verify code, and by the reason or the alert."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from kit.raw_server import BALANCE, RawServer, http, tls_for, trust
from kit.support import KEY

from moonshot_status.api import tls
from moonshot_status.api.client import fetch_balance
from moonshot_status.core import causes
from moonshot_status.core.errors import Kind, Problem, ProblemError, generic_cause

HOST = "api.example"


def problem(code: int = 0, reason: str | None = None) -> Problem:
    error = ssl.SSLCertVerificationError() if code else ssl.SSLError()
    if code:
        error.verify_code, error.verify_message = code, "odd"  # type: ignore[union-attr]
    error.reason = reason  # type: ignore[assignment]
    return tls.problem(error, HOST).problem


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (9, "is not valid yet"), (10, "has expired"), (62, "for another name"),
        (64, "for another name"), (66, "its key is too short"), (23, "it is revoked"),
        (26, "meant for another purpose"), (89, "lacks a critical basicConstraints"),
        (92, "lacks keyUsage"), (85, "lacks an authorityKeyIdentifier"),
        (86, "lacks a subjectKeyIdentifier"), (50, "odd (OpenSSL's code 50)"),
    ],
)  # fmt: skip
def test_verify_codes(code: int, words: str) -> None:
    assert words in problem(code).message


@pytest.mark.parametrize("code", [2, 18, 19, 20, 21])
def test_nobody_is_invited_to_trust_a_stranger(code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("moonshot_status.api.tls_settings.authorities_problem", lambda: None)
    found = problem(code)
    assert "login first" in found.hint
    assert "administrators gave you" in found.hint
    monkeypatch.setenv("CURL_CA_BUNDLE", "/ca")
    assert "CURL_CA_BUNDLE is ignored" in problem(code).hint
    monkeypatch.setenv("SSL_CERT_FILE", "/ca")
    assert "not in /ca" in problem(code).message


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", "wants a client certificate"),
        ("WRONG_VERSION_NUMBER", "does not speak TLS on that port"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", "TLS 1.2 or later"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "the server refused the handshake"),
        ("TLSV1_UNRECOGNIZED_NAME", "does not know this name"),
        ("SOMETHING_NEW", "failed: something new"), (None, "no reason given"),
    ],
)  # fmt: skip
def test_reasons_and_alerts(reason: str | None, words: str) -> None:
    assert words in problem(reason=reason).message


def test_a_client_certificate_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trust(monkeypatch, tmp_path)
    context = tls_for("127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    server = RawServer(http("200 OK", BALANCE), tls=context)
    with server, pytest.raises(ProblemError) as caught:
        fetch_balance(f"https://127.0.0.1:{server.port}", KEY, 60)
    assert "wants a client certificate" in caught.value.problem.message


def test_a_server_without_a_cipher_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, tmp_path)
    context = tls_for("127.0.0.1")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-SHA")
    server = RawServer(http("200 OK", BALANCE), tls=context)
    with server, pytest.raises(ProblemError) as caught:
        fetch_balance(f"https://127.0.0.1:{server.port}", KEY, 60)
    assert "the server refused the handshake" in caught.value.problem.message


def test_openssl_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> ssl.SSLContext:
        raise ssl.SSLError

    monkeypatch.setattr(ssl, "create_default_context", fail)
    with pytest.raises(ProblemError, match="OpenSSL cannot be used"):
        tls.make_context()


@pytest.mark.parametrize("name", ["TLS_SETTINGS", "TLS_FAILED"])
def test_causes_of_earlier_versions_are_generic(name: str) -> None:
    assert name not in causes.BY_NAME
    assert Problem(generic_cause(Kind.TLS)).message == "TLS failed"
