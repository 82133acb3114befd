"""Check the CA certificates of this machine, and explain a TLS error."""

from __future__ import annotations

import os
import ssl

from moonshot_status.doctor.finding import Finding, fail, ok
from moonshot_status.polling import balance

_NAME = "CA certificates"
# The verify codes of OpenSSL (X509_V_ERR_…).
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = (18, 19, 20, 21)
_OTHER_NAME = (62, 64)


def authorities() -> Finding:
    """Return the finding on the CA certificates that Python uses."""
    path = os.environ.get("SSL_CERT_FILE")
    if path:
        return _file(path)
    system = ssl.get_default_verify_paths()
    if system.cafile or system.capath:
        return ok(_NAME, "the system's own")
    return fail(
        _NAME,
        "this machine has none, so it can trust nobody",
        "Install the package ca-certificates.",
    )


def _file(path: str) -> Finding:
    fix = "Correct SSL_CERT_FILE, or unset it."
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        return fail(_NAME, f"SSL_CERT_FILE names {path}, which holds no certificate", fix)
    except OSError as error:
        return fail(_NAME, f"SSL_CERT_FILE names {path}: {error.strerror}", fix)
    return ok(_NAME, f"{path}, as SSL_CERT_FILE says")


def explain(error: ssl.SSLError, host: str) -> Finding:
    """Return the finding for a failed handshake with the host."""
    code = getattr(error, "verify_code", 0)
    now = balance.utc_now().strftime("%Y-%m-%d %H:%M UTC")
    if code in (_NOT_YET_VALID, _EXPIRED):
        what = "is not valid yet" if code == _NOT_YET_VALID else "has expired"
        return fail(
            "TLS",
            f"the certificate of {host} {what}, by this machine's clock: {now}",
            "Set the clock if it is wrong (timedatectl set-ntp true); else the server is.",
        )
    if code in _UNKNOWN_AUTHORITY:
        return fail(
            "TLS",
            f"the certificate of {host} is signed by nobody who is known here",
            _unknown_authority_fix(),
        )
    if code in _OTHER_NAME:
        return fail(
            "TLS",
            f"the certificate is for another name than {host}",
            "A login page of the network may answer, or the base URL is wrong.",
        )
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        return fail("TLS", f"{host} does not speak TLS on that port", "Is the base URL right?")
    return fail(
        "TLS",
        f"the handshake with {host} failed ({error.reason or 'cut off'})",
        "Something between here and there may inspect or cut TLS.",
    )


def _unknown_authority_fix() -> str:
    if os.environ.get("SSL_CERT_FILE"):
        return "SSL_CERT_FILE does not have that authority: correct the variable, or unset it."
    return "Behind a proxy that inspects TLS, name its CA file in SSL_CERT_FILE."
