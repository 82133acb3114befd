"""What is wrong with TLS, by real handshakes on loopback and by the errors of OpenSSL."""

from __future__ import annotations

import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme
from kit.certificates import Flawed, self_signed, short_key
from kit.raw_server import BALANCE, RawServer, authority, http, tls_for, trust
from kit.support import KEY

from moonshot_status.api import http_connection, tls
from moonshot_status.api.client import fetch_balance
from moonshot_status.core import causes
from moonshot_status.core.errors import Cause, Kind, Problem, ProblemError

ADDRESS, HOST = "127.0.0.1", "api.example"
OK = http("200 OK", BALANCE)
NOW = datetime.now(timezone.utc)
DAY = timedelta(days=1)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    trust(monkeypatch, tmp_path)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine whose own CA certificates can be read."""
    paths = ssl.get_default_verify_paths()._replace(cafile=str(tmp_path), capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)


def shake_hands(
    server: RawServer, ciphers: str = "DEFAULT", flags: ssl.VerifyFlags = ssl.VERIFY_DEFAULT
) -> Problem:
    """Return the problem of a handshake, with these flags in addition to those of the program."""
    context = tls.make_context()
    context.set_ciphers(ciphers)
    context.verify_flags |= flags
    with (
        socket.create_connection((ADDRESS, server.port), 10) as connection,
        pytest.raises(ssl.SSLError) as caught,
    ):
        context.wrap_socket(connection, server_hostname=ADDRESS)
    assert tls.is_failure(caught.value)
    return tls.problem(caught.value, HOST).problem


def problem_of(url: str) -> Problem:
    with pytest.raises(ProblemError) as caught:
        fetch_balance(url, KEY, 60)
    return caught.value.problem


BAD: dict[str, tuple[Callable[[], ssl.SSLContext], Cause]] = {
    "expired": (
        lambda: tls_for(ADDRESS, not_before=NOW - 2 * DAY, not_after=NOW - DAY),
        causes.CERTIFICATE_EXPIRED,
    ),
    "not yet valid": (
        lambda: tls_for(ADDRESS, not_before=NOW + DAY, not_after=NOW + 2 * DAY),
        causes.CERTIFICATE_NOT_YET_VALID,
    ),
    "another address": (lambda: tls_for("127.0.0.2"), causes.CERTIFICATE_OF_ANOTHER),
    "another name": (lambda: tls_for("other.example"), causes.CERTIFICATE_OF_ANOTHER),
    "unknown authority": (
        lambda: tls_for(ADDRESS, by=trustme.CA()),
        causes.AUTHORITY_NOT_NAMED,
    ),
    "self-signed": (self_signed, causes.AUTHORITY_NOT_NAMED),
}


@pytest.mark.parametrize("name", BAD)
def test_a_certificate_that_is_not_good(trusted: None, name: str) -> None:
    make, cause = BAD[name]
    with RawServer(tls=make()) as server:
        problem = shake_hands(server)
    assert problem.cause is cause
    assert HOST in problem.message


def test_a_certificate_for_another_name_where_a_name_is_wanted(trusted: None) -> None:
    with RawServer(OK, tls=tls_for("other.example")) as server:
        problem = problem_of(f"https://localhost:{server.port}")
    assert problem.cause is causes.CERTIFICATE_OF_ANOTHER


def name_ca(monkeypatch: pytest.MonkeyPatch, folder: Path, made: Flawed) -> None:
    (folder / "made.pem").write_bytes(made.ca_pem())
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "made.pem"))


@pytest.mark.parametrize(
    ("flaw", "part"),
    [
        ({"key_usage": None}, "keyUsage"),
        ({"critical_constraints": False}, "a critical basicConstraints"),
        ({"key_identifier": False}, "a subjectKeyIdentifier"),
    ],
    ids=["keyUsage", "basicConstraints", "subjectKeyIdentifier"],
)
def test_a_ca_that_lacks_what_the_strict_checks_want(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flaw: dict[str, Any], part: str
) -> None:
    made = Flawed(**flaw)
    name_ca(monkeypatch, tmp_path, made)
    with RawServer(tls=made.server()) as server:
        problem = shake_hands(server, flags=ssl.VERIFY_X509_STRICT)
    assert problem.cause is causes.CA_LACKS
    assert dict(problem.facts)["part"] == part


@pytest.mark.parametrize(
    ("make_flawed", "words"),
    [
        (lambda: Flawed(for_clients=True), "another purpose"),
        (lambda: Flawed(key=short_key()), "its key is too short"),
        (lambda: Flawed(ca_key=short_key()), "the key of the CA is too short"),
    ],
    ids=["purpose", "short key", "short key of the CA"],
)
def test_a_certificate_that_openssl_refuses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_flawed: Callable[[], Flawed], words: str
) -> None:
    made = make_flawed()
    name_ca(monkeypatch, tmp_path, made)
    with RawServer(tls=made.server()) as server:
        problem = shake_hands(server, ciphers="DEFAULT:@SECLEVEL=2")
    assert problem.cause is causes.CERTIFICATE_REFUSED
    assert words in problem.message


def test_a_poll_where_the_ca_has_no_key_usage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Flawed(key_usage=None)
    name_ca(monkeypatch, tmp_path, made)
    with RawServer(OK, tls=made.server()) as server:
        if sys.version_info < (3, 13):
            assert str(fetch_balance(server.url, KEY, 60).available) == "49.58894"
        else:
            assert problem_of(server.url).cause is causes.CA_LACKS


def test_a_good_certificate_of_the_same_make(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    made = Flawed()
    name_ca(monkeypatch, tmp_path, made)
    with RawServer(OK, tls=made.server()) as server:
        fetch_balance(server.url, KEY, 60)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_a_server_that_wants_a_client_certificate(trusted: None, version: str) -> None:
    context = tls_for(ADDRESS)
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    context.verify_mode = ssl.CERT_REQUIRED
    authority().configure_trust(context)
    with RawServer(OK, tls=context) as server:
        assert problem_of(server.url).cause is causes.CLIENT_CERTIFICATE
    assert server.received == [b""]


@pytest.mark.parametrize("wants_certificate", [True, False])
def test_a_server_that_has_closed_before_the_request_is_sent(
    trusted: None, monkeypatch: pytest.MonkeyPatch, wants_certificate: bool
) -> None:
    context = tls_for(ADDRESS)
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
    connect = http_connection.open_connection

    def connect_and_wait(*exchange: Any) -> http_connection.HTTPConnection:
        opened = connect(*exchange)
        server.ended.wait(10)
        return opened

    monkeypatch.setattr(http_connection, "open_connection", connect_and_wait)
    with Closing(tls=context) as server:
        problem = problem_of(server.url)
    assert problem.cause is (causes.CLIENT_CERTIFICATE if wants_certificate else causes.OFFLINE)


class Closing(RawServer):
    """Closes each connection after the handshake, whether or not it has succeeded."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        super().__init__(tls=tls)
        self.ended = threading.Event()

    def _serve(self, connection: socket.socket, data: bytearray) -> None:  # noqa: ARG002
        with suppress(OSError):
            assert self._tls
            connection = self._tls.wrap_socket(connection, server_side=True)
        connection.close()
        self.ended.set()


def test_a_server_without_a_cipher_in_common(trusted: None) -> None:
    context = tls_for(ADDRESS)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    # The key of the certificate is no RSA key.
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")
    with RawServer(OK, tls=context) as server:
        problem = problem_of(server.url)
    assert problem.cause is causes.HANDSHAKE_FAILED
    assert "the server refused the handshake" in problem.message


def record(kind: int, content: bytes) -> bytes:
    """Return a record of TLS 1.1."""
    return bytes((kind, 3, 2)) + len(content).to_bytes(2, "big") + content


def alert(number: int) -> bytes:
    return record(21, bytes((2, number)))


# A ServerHello: version, random, no session, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, no compression.
HELLO_1_1 = b"\3\2" + bytes(32) + b"\0\xc0\x13\0"
TLS_1_1 = record(22, b"\2" + len(HELLO_1_1).to_bytes(3, "big") + HELLO_1_1)


@pytest.mark.parametrize(
    ("answer", "cause", "words"),
    [
        (TLS_1_1, causes.TLS_TOO_OLD, ""),
        (alert(70), causes.TLS_TOO_OLD, ""),
        (alert(40), causes.HANDSHAKE_FAILED, "the server refused the handshake"),
        (alert(71), causes.HANDSHAKE_FAILED, "strong enough for the server"),
        (alert(80), causes.HANDSHAKE_FAILED, "an internal error of the server"),
        (alert(112), causes.HANDSHAKE_FAILED, "the server does not know this name"),
        *((alert(number), causes.CLIENT_CERTIFICATE, "") for number in (42, 43, 46, 48, 49, 116)),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", causes.NOT_TLS, ""),
        (b"SSH-2.0-OpenSSH_9.6\r\n", causes.NOT_TLS, ""),
    ],
)
def test_a_server_that_answers_the_hello_otherwise(answer: bytes, cause: Cause, words: str) -> None:
    with RawServer(answer) as server:
        problem = problem_of(f"https://{ADDRESS}:{server.port}")
    assert problem.cause is cause
    assert words in problem.message


def made_up(kind: type[ssl.SSLError] = ssl.SSLError, **attributes: Any) -> ssl.SSLError:
    error = kind(1, "made up")
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


@pytest.mark.parametrize("code", tls.CERTIFICATES)
def test_each_code_of_openssl_has_its_cause_and_complete_sentences(code: int) -> None:
    error = made_up(ssl.SSLCertVerificationError, verify_code=code, verify_message="from OpenSSL")
    problem = tls.problem(error, HOST).problem
    cause, facts = tls.CERTIFICATES[code]
    assert problem.cause is cause
    assert dict(problem.facts) == {"host": HOST, **facts}
    assert "from OpenSSL" not in problem.message
    problem.check()


def test_the_codes_of_one_cause_have_different_sentences() -> None:
    same_in_openssl = {47, 48, 62, 64}
    facts = [(c.message, *f.values()) for n, (c, f) in tls.CERTIFICATES.items()
             if n not in same_in_openssl]  # fmt: skip
    assert len(set(facts)) == len(facts)


def test_another_code_is_told_in_the_words_of_openssl() -> None:
    error = made_up(verify_code=53, verify_message="unsupported name syntax")
    problem = tls.problem(error, HOST).problem
    assert problem.cause is causes.CERTIFICATE_REFUSED
    assert "unsupported name syntax (OpenSSL's code 53)" in problem.message


@pytest.mark.parametrize(
    ("reason", "cause", "words"),
    [
        ("UNEXPECTED_MESSAGE", causes.HANDSHAKE_FAILED, ": unexpected message"),
        ("TLSV1_ALERT_USER_CANCELLED", causes.HANDSHAKE_FAILED, ": user cancelled"),
        ("DH_KEY_TOO_SMALL", causes.HANDSHAKE_FAILED, "key is too short"),
        (
            "SSLV3_ALERT_HANDSHAKE_FAILURE",
            causes.HANDSHAKE_FAILED,
            "the server refused the handshake",
        ),
        ("TLSV13_ALERT_CERTIFICATE_REQUIRED", causes.CLIENT_CERTIFICATE, ""),
        ("TLSV1_UNRECOGNIZED_NAME", causes.HANDSHAKE_FAILED, "does not know this name"),
        ("TLSV1_ALERT_PROTOCOL_VERSION", causes.TLS_TOO_OLD, ""),
        ("HTTP_REQUEST", causes.NOT_TLS, ""),
        (None, causes.HANDSHAKE_FAILED, ": no reason given"),
        ("", causes.HANDSHAKE_FAILED, ": no reason given"),
    ],
)
def test_the_reason_of_a_handshake(reason: str | None, cause: Cause, words: str) -> None:
    problem = tls.problem(made_up(reason=reason), HOST).problem
    assert problem.cause is cause
    assert words in problem.message


def test_an_error_without_attributes_has_no_reason() -> None:
    assert "no reason given" in tls.problem(ssl.SSLError(), HOST).problem.message


@pytest.mark.parametrize("kind", tls.CUT_OFF)
def test_a_connection_that_is_closed_is_no_failure_of_tls(kind: type[ssl.SSLError]) -> None:
    assert not tls.is_failure(kind())
    assert not tls.is_failure(ConnectionResetError())
    assert tls.is_failure(ssl.SSLError())


def test_openssl_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ssl.SSLError(1, "library has no ciphers")

    monkeypatch.setattr(ssl, "create_default_context", fail)
    assert problem_of("https://127.0.0.1:9").cause is causes.OPENSSL_UNUSABLE


@pytest.mark.parametrize("code", [2, 18, 19, 20, 21])
def test_an_authority_that_the_machine_does_not_know(machine: None, code: int) -> None:
    assert unknown(code).cause is causes.UNKNOWN_AUTHORITY


def unknown(code: int = 20) -> Problem:
    error = made_up(ssl.SSLCertVerificationError, verify_code=code)
    return tls.problem(error, HOST).problem


def test_an_authority_that_is_not_in_the_named_file(trusted: None, tmp_path: Path) -> None:
    problem = unknown()
    assert problem.cause is causes.AUTHORITY_NOT_NAMED
    assert str(tmp_path / "ca.pem") in problem.message
    assert "SSL_CERT_FILE names that path" in problem.hint


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_authority_that_a_variable_of_other_programs_may_name(
    monkeypatch: pytest.MonkeyPatch, machine: None, variable: str
) -> None:
    monkeypatch.setenv(variable, "/etc/company.pem")
    problem = unknown()
    assert problem.cause is causes.AUTHORITY_IN_OTHER_FILE
    assert f"{variable} is ignored" in problem.hint


def test_our_own_variable_counts_before_that_of_other_programs(
    monkeypatch: pytest.MonkeyPatch, trusted: None
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    assert unknown().cause is causes.AUTHORITY_NOT_NAMED


def test_a_file_that_cannot_be_read_counts_before_an_unknown_authority(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    with RawServer(OK, tls=tls_for(ADDRESS)) as server:
        assert problem_of(server.url).cause is causes.CA_UNUSABLE


TLS_CAUSES = {
    name: cause
    for name, cause in vars(causes).items()
    if isinstance(cause, Cause) and cause.kind is Kind.TLS
}
SENTENCE_END = re.compile(r"\. ")


@pytest.mark.parametrize("name", TLS_CAUSES)
def test_no_hint_invites_to_trust_what_the_network_presents(name: str) -> None:
    for sentence in SENTENCE_END.split(TLS_CAUSES[name].hint):
        for words in ("SSL_CERT_FILE", "SSL_CERT_DIR", "CA file"):
            assert words not in sentence or "company" in sentence
        for words in ("trust", "disable", "insecure", "verif", "install it", "import", "export"):
            assert words not in sentence.lower()
