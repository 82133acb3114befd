"""Check the CA certificates, the key log and, for a certificate out of date, the clock."""

from __future__ import annotations

import os
from collections.abc import Iterator

from moonshot_status.api import tls, tls_settings
from moonshot_status.core.errors import Problem
from moonshot_status.doctor.finding import Finding, fail, hint, ok
from moonshot_status.polling import balance

_NAME = "CA certificates"


def findings() -> Iterator[Finding]:
    """Yield the CA certificates that Python uses, and the key log if one is named."""
    yield _authorities()
    if os.environ.get(tls_settings.KEY_LOG):
        yield ok("key log", f"{tls_settings.KEY_LOG} is ignored: TLS keys are never written")


def _authorities() -> Finding:
    error = tls_settings.authorities_problem()
    if error:
        return fail(_NAME, error.problem.message, error.problem.hint)
    named, ignored = tls_settings.named_authorities(), tls_settings.ignored_variable()
    if named:
        variable, path = named
        return ok(_NAME, f"{path}, as {variable} says")
    if ignored:
        fix = "If your company gave you the file that it names, set SSL_CERT_FILE to the same file."
        return hint(_NAME, f"the system's own; {ignored} is ignored", fix)
    return ok(_NAME, "the system's own")


def clock(problem: Problem) -> str:
    """Return this machine's time, as the end of the sentence about a certificate out of date."""
    if problem.cause not in tls.OUT_OF_DATE.values():
        return ""
    return f", by this machine's clock: {balance.utc_now():%Y-%m-%d %H:%M} UTC"
