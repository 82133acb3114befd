"""Fuzz what answers mean: pip install atheris; python tests/fuzz/fuzz_answer.py -runs=1000000"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["moonshot_status"]):
    from moonshot_status.api.response import HttpResponse, parse_balance
    from moonshot_status.core.errors import Kind, ProblemError

STATUSES = [200, 200, 200, 401, 403, 404, 418, 429, 500, 511, 302, 204, 0]
NAMES = ["Retry-After", "retry-after", "Date", "Content-Type"]
WORDS = [
    "0", "1", "-0", "null", "true", "false", "{}", "[]", '""', "NaN", "1e999", "1e-99999999",
    "-31.14918", '"49.58"', '"0x5"', "999999999999.99", "1E+11", '"try again after 5 s"',
    '"exceeded_current_quota_error"', '{"type": "exceeded_current_quota_error"}', "[" * 3000,
    '{"message": "account suspended"}', '{"code": "engine_overloaded_error"}', '"overloaded"',
]  # fmt: skip
MEMBERS = ["code", "status", "scode", "error", "message", "data"]
AMOUNTS = ["available_balance", "voucher_balance", "cash_balance"]


def value(data: atheris.FuzzedDataProvider) -> str:
    if data.ConsumeProbability() < 0.8:
        return str(data.PickValueInList(WORDS))
    return str(data.ConsumeUnicode(12))


def written(data: atheris.FuzzedDataProvider) -> bytes:
    """Bytes of any kind, or an object that is nearly an answer."""
    if data.ConsumeBool():
        return bytes(data.ConsumeBytes(4096))
    amounts = ", ".join(f'"{name}": {value(data)}' for name in AMOUNTS if data.ConsumeBool())
    members = {"code": "0", "status": "true", "data": f"{{{amounts}}}"}
    for _ in range(data.ConsumeIntInRange(0, 3)):
        members[data.PickValueInList(MEMBERS)] = value(data)
    body = ", ".join(f'"{name}": {word}' for name, word in members.items())
    return f"{{{body}}}".encode("utf-8", "surrogatepass")


def one_input(raw: bytes) -> None:
    data = atheris.FuzzedDataProvider(raw)
    status = data.PickValueInList(STATUSES)
    headers = {
        data.PickValueInList(NAMES): data.ConsumeUnicode(40)
        for _ in range(data.ConsumeIntInRange(0, 2))
    }
    body = written(data) if data.ConsumeIntInRange(0, 9) else None
    try:
        balance = parse_balance(HttpResponse(status, headers, body))
    except ProblemError as error:
        problem = error.problem
        assert problem.kind is not Kind.INTERNAL
        assert f"{problem.message}{problem.hint}".isprintable()
        assert problem.retry_after is None or 0 < problem.retry_after <= 3600
    else:
        assert status == 200
        assert balance.available.is_finite()
        assert len(format(balance.available, "f")) < 100


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
