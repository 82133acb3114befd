"""TLS: the context with which servers are verified, and the problem with a server that fails it."""

from __future__ import annotations

import re
import ssl
from typing import Any

from moonshot_status.api import tls_settings
from moonshot_status.core import causes
from moonshot_status.core.errors import Cause, ProblemError

CUT_OFF = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The errors of a connection that is closed during the handshake."""
OUT_OF_DATE = {
    9: causes.CERTIFICATE_NOT_YET_VALID,
    10: causes.CERTIFICATE_EXPIRED,
}
"""The problems that a wrong clock can cause, by OpenSSL's verify code (X509_V_ERR_…)."""
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
# From 78 on: the strict checks that Python 3.13 and later make.
CERTIFICATES: dict[int, tuple[Cause, dict[str, Any]]] = {
    **{code: (cause, {}) for code, cause in OUT_OF_DATE.items()},
    **dict.fromkeys((62, 64), (causes.CERTIFICATE_OF_ANOTHER, {})),
    **{
        code: (causes.CERTIFICATE_REFUSED, {"flaw": flaw})
        for code, flaw in {
            7: "its signature is wrong",
            22: "the chain of certificates is too long",
            23: "it is revoked",
            25: "a CA in its chain may not sign another CA (path length)",
            26: "it is meant for another purpose",
            32: "its keyUsage does not allow it to sign certificates",
            34: "it has a critical extension that OpenSSL does not know",
            47: "the CA may not sign for this name",
            48: "the CA may not sign for this name",
            66: "its key is too short",
            67: "the key of the CA is too short",
            68: "it is signed with an algorithm that is too weak, such as SHA-1",
            78: "it names two signature algorithms",
            79: "what signed it is no CA (basicConstraints)",
            80: "it has a path length but is no CA",
            82: "its keyUsage has keyCertSign but it is no CA",
            83: "its issuer has no name",
            90: "its authorityKeyIdentifier is critical",
            91: "its subjectKeyIdentifier is critical",
            93: "it has extensions but is not of version 3",
            94: "its elliptic curve has no name",
        }.items()
    },
    **{
        code: (causes.CA_LACKS, {"part": part})
        for code, part in {
            81: "keyCertSign in its keyUsage",
            86: "a subjectKeyIdentifier",
            89: "a critical basicConstraints",
            92: "keyUsage",
        }.items()
    },
    **{
        code: (causes.CERTIFICATE_LACKS, {"part": part})
        for code, part in {
            84: "a subject",
            85: "an authorityKeyIdentifier",
            87: "a name in subjectAltName",
            88: "a critical subjectAltName, as it has no subject",
        }.items()
    },
}
# By OpenSSL's reason, or by the alert in it.
_ALERT = re.compile(r"(SSLV3|TLSV1|TLSV13)_(ALERT_)?")
_NOT_TLS = {
    "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL",
}  # fmt: skip
_TOO_OLD = {"PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION", "VERSION_TOO_LOW"}
# What a server says of a client's certificate although none is sent.
_CERTIFICATE_ALERTS = {
    "CERTIFICATE_REQUIRED", "NO_CERTIFICATE", "BAD_CERTIFICATE", "UNSUPPORTED_CERTIFICATE",
    "CERTIFICATE_UNKNOWN", "UNKNOWN_CA", "ACCESS_DENIED",
}  # fmt: skip
_HANDSHAKE_FAILURE = "HANDSHAKE_FAILURE"
_REASONS = {
    _HANDSHAKE_FAILURE: "the server refused the handshake",
    "INSUFFICIENT_SECURITY": "no cipher in common that is strong enough for the server",
    "UNRECOGNIZED_NAME": "the server does not know this name",
    "INTERNAL_ERROR": "an internal error of the server",
    "DH_KEY_TOO_SMALL": "the server's Diffie-Hellman key is too short",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "the server's TLS lacks secure renegotiation",
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": "the data was changed on the way",
}


class ClientCertificateError(ssl.SSLError):
    """The server wants a client certificate."""


class _Socket(ssl.SSLSocket):
    """Tells a server that wants a client certificate from one that shares no cipher.

    With TLS 1.2 both send the same alert, but the latter sends it before a cipher is chosen.
    """

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except ssl.SSLError as error:
            if _reason(error) == _HANDSHAKE_FAILURE and self.cipher():
                raise ClientCertificateError(*error.args) from error
            raise


def make_context() -> ssl.SSLContext:
    """Return the context with which servers are verified. Raises ProblemError."""
    tls_settings.check_before_use()
    try:
        context = ssl.create_default_context()
    except OSError as error:
        raise ProblemError(causes.OPENSSL_UNUSABLE) from error
    context.sslsocket_class = _Socket
    return context


def is_failure(error: BaseException) -> bool:
    """Return whether the error is one of TLS, and not of a connection that was closed."""
    return isinstance(error, ssl.SSLError) and not isinstance(error, CUT_OFF)


def problem(error: BaseException, host: str) -> ProblemError:
    """Return the problem with TLS to the host, for an error of which ``is_failure`` is true."""
    code = getattr(error, "verify_code", 0)
    if code in _UNKNOWN_AUTHORITY:
        return _unknown_authority(host)
    if code in CERTIFICATES:
        listed, facts = CERTIFICATES[code]
        return ProblemError(listed, host=host, **facts)
    if code:
        # OpenSSL's own constant: nothing in it is from the certificate.
        flaw = f"{getattr(error, 'verify_message', '')} (OpenSSL's code {code})"
        return ProblemError(causes.CERTIFICATE_REFUSED, host=host, flaw=flaw)
    reason = _reason(error)
    if isinstance(error, ClientCertificateError) or reason in _CERTIFICATE_ALERTS:
        return ProblemError(causes.CLIENT_CERTIFICATE, host=host)
    if reason in _NOT_TLS:
        return ProblemError(causes.NOT_TLS, host=host)
    if reason in _TOO_OLD:
        return ProblemError(causes.TLS_TOO_OLD, host=host)
    words = _REASONS.get(reason, reason.lower().replace("_", " ") or "no reason given")
    return ProblemError(causes.HANDSHAKE_FAILED, host=host, reason=words)


def _reason(error: BaseException) -> str:
    """Return the name that OpenSSL has for the reason, or for the alert from the server."""
    return _ALERT.sub("", getattr(error, "reason", None) or "")


def _unknown_authority(host: str) -> ProblemError:
    named, ignored = tls_settings.named_authorities(), tls_settings.ignored_variable()
    own = tls_settings.authorities_problem()
    if own:
        return own
    if named:
        variable, path = named
        return ProblemError(causes.AUTHORITY_NOT_NAMED, host=host, variable=variable, path=path)
    if ignored:
        return ProblemError(causes.AUTHORITY_IN_OTHER_FILE, host=host, variable=ignored)
    return ProblemError(causes.UNKNOWN_AUTHORITY, host=host)
