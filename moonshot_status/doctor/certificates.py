"""Check the CA certificates of this machine, and explain a TLS error."""

from __future__ import annotations

import os
import ssl

from moonshot_status.doctor.finding import Finding, fail, ok
from moonshot_status.polling import balance

_NAME = "CA certificates"
_CLOCK = "Set the clock if it is wrong (timedatectl set-ntp true); else the server is."
_UNKNOWN_AUTHORITY = (
    "the certificate of {host} is signed by nobody who is known here",
    "Behind a proxy that inspects TLS, name its CA file in SSL_CERT_FILE.",
)
_OTHER_NAME = (
    "the certificate is for another name than {host}",
    "A login page of the network may answer, or the base URL is wrong.",
)
# By OpenSSL's verify code (X509_V_ERR_…).
_INVALID = {
    9: ("the certificate of {host} is not valid yet, by this machine's clock: {now}", _CLOCK),
    10: ("the certificate of {host} has expired, by this machine's clock: {now}", _CLOCK),
    **dict.fromkeys((18, 19, 20, 21), _UNKNOWN_AUTHORITY),
    **dict.fromkeys((62, 64), _OTHER_NAME),
}
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")


def authorities() -> Finding:
    """Return the finding on the CA certificates that Python uses."""
    path, system = os.environ.get("SSL_CERT_FILE"), ssl.get_default_verify_paths()
    if path:
        return _file(path)
    if system.cafile or system.capath:
        return ok(_NAME, "the system's own")
    fix = "Install the package ca-certificates."
    return fail(_NAME, "this machine has none, so it can trust nobody", fix)


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
    invalid = _INVALID.get(getattr(error, "verify_code", 0))
    if invalid:
        fact, fix = invalid
        if invalid is _UNKNOWN_AUTHORITY and os.environ.get("SSL_CERT_FILE"):
            fix = "SSL_CERT_FILE does not have that authority: correct the variable, or unset it."
        now = balance.utc_now().strftime("%Y-%m-%d %H:%M UTC")
        return fail("TLS", fact.format(host=host, now=now), fix)
    if error.reason in _NO_TLS:
        return fail("TLS", f"{host} does not speak TLS on that port", "Is the base URL right?")
    fact = f"the handshake with {host} failed ({error.reason or 'cut off'})"
    return fail("TLS", fact, "Something between here and there may inspect or cut TLS.")
