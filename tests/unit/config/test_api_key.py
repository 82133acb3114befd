"""The API key: from the settings or from a command."""

from __future__ import annotations

import io
import os
import re
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kit.support import KEY, ends_within, written_number

from moonshot_status.config import api_key
from moonshot_status.core import causes
from moonshot_status.core.account import Secret
from moonshot_status.core.errors import Kind, Problem, ProblemError


def shell(script: str) -> Secret:
    return Secret(command=("sh", "-c", script))


def problem_of(secret: Secret) -> Problem:
    """The problem with a secret; no part of a key may be in it."""
    with pytest.raises(ProblemError) as caught:
        api_key.resolve(secret)
    problem = caught.value.problem
    for said in (problem.message, problem.hint, str(caught.value)):
        assert "canary" not in said
    return problem


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_key, "COMMAND_SECONDS", 0.4)


@pytest.mark.parametrize(
    "good", [KEY, "sk-A_b.c~9", "!", "x" * 4096, "id:secret", "YWJj+/==", "a-task-1", "disk-1/2"]
)
def test_a_key_of_printable_ascii_is_used_as_it_is(good: str) -> None:
    assert api_key.resolve(Secret(good)) == good


@pytest.mark.parametrize(
    "inside", ["\n", "\r\nX-Evil: 1", "\0", "\t", " ", "\x7f", "\x1b[0m", "é", "\u200b", "\ud800"]
)
def test_a_key_with_other_characters_is_unusable(inside: str) -> None:
    assert problem_of(Secret(f"sk-canary{inside}canary")).kind is Kind.BAD_KEY


@pytest.mark.parametrize("wrong", ["sk-kimi-canary0123", "SK-KIMI-canary", "sk-kimi-"])
def test_a_key_of_kimi_code_is_of_another_product(wrong: str) -> None:
    problem = problem_of(Secret(wrong))
    assert problem.kind is Kind.WRONG_PRODUCT
    assert "Kimi Code" in problem.message
    assert "Open Platform" in problem.hint


@given(st.text(st.characters(exclude_categories=()), min_size=1))
def test_any_key_is_used_or_refused_without_a_word_of_it(written: str) -> None:
    secret = f"sk-canary{written}canary"
    is_printable = secret.isascii() and secret.isprintable()
    if is_printable and not set(secret) & set(' <>[]{}",=\\') and "://" not in secret:
        assert api_key.resolve(Secret(secret)) == secret
    else:
        assert problem_of(Secret(secret)).kind is Kind.BAD_KEY


@pytest.mark.parametrize(
    "script",
    [
        f"echo {KEY}",
        f"printf %s {KEY}",
        f"printf '{KEY}\\r\\n'",
        f"printf '{KEY}\\nuser: me\\n'",
        f"printf '\"{KEY}\"  \\nmore'",
        f"echo noise >&2; echo {KEY}",
        f"cat; echo {KEY}",
        f"echo {KEY}; head -c 5000 /dev/zero",
    ],
)
def test_the_key_is_the_first_line_that_a_command_prints(script: str) -> None:
    assert api_key.resolve(shell(script)) == KEY


def test_no_shell_reads_the_command() -> None:
    program = "import sys; print('sk-' + str(len(sys.argv)) + sys.argv[1])"
    command = (sys.executable, "-c", program, "$HOME;*`x`;", "a b")
    assert api_key.resolve(Secret(command=command)) == "sk-3$HOME;*`x`;"


@pytest.fixture
def typed() -> Iterator[None]:
    """Somebody types a line on our standard input."""
    saved, (reading, writing) = os.dup(0), os.pipe()
    os.write(writing, b"sk-typed\n")
    os.dup2(reading, 0)
    yield
    os.dup2(saved, 0)
    for number in (saved, reading, writing):
        os.close(number)


@pytest.mark.usefixtures("typed")
def test_standard_error_is_dropped_and_standard_input_is_closed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert api_key.resolve(shell(f"echo canary >&2; read line && echo $line || echo {KEY}")) == KEY
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        f"echo {KEY}; exit 3",
        f"echo {KEY}; kill -9 $$",
        ":",
        "echo; echo sk-canary",
        "echo \"''\"",
        "echo '   '",
        "echo canary >&2",
    ],
)
def test_a_command_that_gives_no_key_is_no_key(script: str) -> None:
    problem = problem_of(shell(script))
    assert problem.kind is Kind.NO_KEY
    assert "api_key_command" in problem.message


@pytest.mark.parametrize("script", [":", "echo; echo sk-canary", "printf '\\357\\273\\277\\r\\n'"])
def test_a_blank_first_line_is_named(script: str) -> None:
    assert problem_of(shell(script)).cause is causes.KEY_COMMAND_SILENT


@pytest.mark.parametrize(
    "command",
    [("/no/such/canary",), ("no-such-canary", KEY), ("/",), ("a\0b",), ("a", "\ud800"), (" ",)],
)
def test_a_command_that_cannot_start_is_no_key(command: tuple[str, ...]) -> None:
    assert problem_of(Secret(command=command)).kind is Kind.NO_KEY


def test_a_command_inherits_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may read the key there, and needs what leads to agents and keyrings."""
    monkeypatch.setenv("MOONSHOT_API_KEY", "sk-canary-1")
    monkeypatch.setenv("SSH_AUTH_SOCK", "-2")
    assert api_key.resolve(shell('echo "$MOONSHOT_API_KEY$SSH_AUTH_SOCK"')) == "sk-canary-1-2"


def test_a_key_of_kimi_code_from_a_command_is_of_another_product() -> None:
    problem = problem_of(shell("echo sk-kimi-canary"))
    assert (problem.kind, "api_key_command" in problem.message) == (Kind.WRONG_PRODUCT, True)


@pytest.mark.parametrize(
    ("printed", "length", "reason"),
    [
        ("You are not logged in.", 22, "with a space at position 4"),
        ("Enter canary: \\nsk-canary", 13, "with a space at position 6"),
        ("canary:", 7, "with a punctuation mark at position 7"),
        ('{"canary":1}', 12, "with a punctuation mark at position 1"),
        ("{", 1, "with a punctuation mark at position 1"),
        ('["canary"]', 10, "with a punctuation mark at position 1"),
        ('sk-canary", "x', 14, "with a quote at position 10"),
        ("<canary>", 8, "with a punctuation mark at position 1"),
        ("\\033[32msk-canary\\033[0m", 18, "with a terminal control code at position 1"),
        ("\\a sk-canary", 11, "with a control character at position 1"),
        ("sk-\\377canary", 10, "with a byte that is not UTF-8 at position 4"),
        ("canary\\303\\251", 7, "with a character that is not ASCII at position 7"),
        ("sk-ca\\342\\200\\213nary", 10, "with a zero-width character at position 6"),
        ("null", 4, "that does not begin with sk-"),
        ("Locked.", 7, "that does not begin with sk-"),
        ("canary-canary-canar", 19, "that does not begin with sk-"),
        ("sk-%05000d", 5003, "that is longer than any key"),
    ],
)
def test_a_command_that_prints_something_else_has_no_key(
    printed: str, length: int, reason: str
) -> None:
    problem = problem_of(shell(f"printf '{printed}\\nsk-canary'"))
    assert problem.message == (
        f"api_key_command printed no key, but a line of length {length} {reason}"
    )
    assert "Run it in a terminal" in problem.hint
    assert problem.kind is Kind.NO_KEY


@pytest.mark.parametrize("key", ["sk-x", "SK-X", "canary-1!", "x" * 20, "s3cret$", "9"])
def test_a_command_may_print_the_key_of_a_gateway(key: str) -> None:
    assert api_key.resolve(shell(f"echo '{key}'")) == key


AROUND = ["{}", " {}\t", "'{}'", '"{}"', "`{}`", "{}\r", "\ufeff{}", "\u200b{}\u200c", "\u200d{}",
          "{}\u2060", "\u00ad{}", "\u00a0{}\u00a0", "“{}”", "‘{}’", "«{}»", "「{}」", "\u3000{}",
          "\u202a{}\u202c", "\u2028{}", "{}\ufe0f", "\u2800{}", '\\"{}\\"', "´{}′",
          " \ufeff'“{}”'\u200b\r"]  # fmt: skip


@pytest.mark.parametrize("around", AROUND)
def test_the_same_is_ignored_around_a_key_everywhere(around: str, tmp_path: Path) -> None:
    text = around.format(KEY)
    expected = api_key.WrittenKey(KEY, api_key.read(text).ignored)
    assert bool(expected.ignored) == (text != KEY)
    assert api_key.read(text) == expected
    assert api_key.read_stdin(io.BytesIO(f"{text}\nmore".encode())) == expected
    (tmp_path / "printed").write_bytes(f"{text}\nmore".encode())
    assert api_key.read_command(("cat", str(tmp_path / "printed"))) == expected


@pytest.mark.parametrize("inside", sorted(set("".join(AROUND)) - set("{}'\"`")))
def test_within_a_key_it_is_named_with_its_place(inside: str) -> None:
    problem = problem_of(Secret(f"sk-canary{inside}0"))
    assert re.fullmatch(r"The API key contains an? [a-z -]+ at position 10", problem.message)


NO_KEYS = {
    "sk-canary<0": "a punctuation mark at position 10",
    "sk-canary>0": "a punctuation mark at position 10",
    "[sk_canary]": "a punctuation mark at position 1",
    "{canary}": "a punctuation mark at position 1",
    'sk-canary",': "a quote at position 10",
    "sk-canary,sk_canary": "a punctuation mark at position 10",
    "canary-is-needed:": "a punctuation mark at position 17",
    "op://canary/0123456789": "a punctuation mark at position 3",
    "CANARY_KEY=0123456789": "a punctuation mark at position 11",
    "canary==0123456789abc": "a punctuation mark at position 8",
    "\ufffdsk-canary": "a byte that is not UTF-8 at position 1",
    "\x7fsk-canary": "a control character at position 1",
    "sk-canary\ufe0f0": "an invisible character at position 10",
}
IN_FRONT = {
    "API_KEY=sk-canary": 9,
    'export MOONSHOT_API_KEY="sk-canary': 26,
    "Bearer sk-canary": 8,
    "Authorization:\tBearer SK-canary": 23,
    "canary:sk-canary": 8,
    '{"api_key": "sk-canary"}': 14,
    "https://canary/sk-canary": 16,
}


@pytest.mark.parametrize("text", NO_KEYS)
def test_what_is_in_no_key_is_refused_wherever_it_is_written(text: str) -> None:
    said = NO_KEYS[text]
    problem = problem_of(Secret(text))
    assert (problem.message, problem.kind) == (f"The API key contains {said}", Kind.BAD_KEY)
    message = f"api_key_command printed no key, but a line of length {len(text)} with {said}"
    assert problem_of(shell(f"echo '{text}'")).message == message


@pytest.mark.parametrize(("text", "position"), IN_FRONT.items())
def test_a_key_with_something_in_front_of_it_is_refused_everywhere(
    text: str, position: int
) -> None:
    problem = problem_of(Secret(text))
    assert (problem.cause, dict(problem.facts)) == (causes.TEXT_BEFORE_KEY, {"position": position})
    said = f"with sk- at position {position}, not at its beginning"
    assert problem_of(shell(f"echo '{text}'")).message.endswith(said)


@pytest.mark.parametrize("written", ["", "\n", "''\n", "\ufeff\r\n", f"\n{KEY}"])
def test_standard_input_without_a_first_line_is_no_key(written: str) -> None:
    with pytest.raises(ProblemError) as caught:
        api_key.read_stdin(io.BytesIO(written.encode()))
    assert caught.value.problem.cause is causes.KEY_INPUT_EMPTY
    assert caught.value.problem.kind is Kind.NO_KEY


def test_closed_standard_input_is_no_key() -> None:
    with pytest.raises(ProblemError, match="nothing on the first line"):
        api_key.read_stdin(None)


@pytest.mark.parametrize("written", ["x" * 4097, f"{'x' * 4096}y\n", " " * 70_000 + KEY])
def test_a_key_is_not_cut(written: str) -> None:
    with pytest.raises(ProblemError) as caught:
        api_key.read_stdin(io.BytesIO(written.encode()))
    assert caught.value.problem.message == "The API key is longer than 4096 characters"
    assert caught.value.problem.kind is Kind.BAD_KEY


def test_a_blank_key_is_no_key() -> None:
    with pytest.raises(ProblemError) as caught:
        api_key.validated("")
    assert caught.value.problem.cause is causes.KEY_BLANK


def test_a_remark_names_what_is_ignored() -> None:
    ignored = api_key.read("\ufeff 'sk-canary' \r").ignored
    assert ignored == "byte order marks, spaces, quotes and carriage returns"
    assert api_key.note("X", ignored) == f"X has {ignored} around it, which are ignored"
    assert api_key.note("X", "") == ""


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("script", ["yes sk-canary", "yes | cat", "cat /dev/zero"])
def test_endless_output_is_no_key(script: str) -> None:
    began = time.monotonic()
    assert problem_of(shell(script)).kind is Kind.NO_KEY
    assert time.monotonic() - began < 30


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("script", ["sleep 60", f"echo {KEY}; sleep 60", "trap '' TERM; sleep 60"])
def test_a_command_has_a_time_limit(script: str) -> None:
    began = time.monotonic()
    problem = problem_of(shell(script))
    assert problem.kind is Kind.NO_KEY
    assert "0.4 seconds" in problem.message
    assert time.monotonic() - began < 30


@pytest.mark.usefixtures("soon")
def test_the_whole_process_group_is_ended_at_the_limit(tmp_path: Path) -> None:
    child, grandchild = tmp_path / "child", tmp_path / "grandchild"
    places = shlex.quote(str(child)), shlex.quote(str(grandchild))
    problem_of(shell("echo $$ > {}; (sleep 60 & echo $! > {}; wait)".format(*places)))
    assert ends_within(30, written_number(child))
    assert ends_within(30, written_number(grandchild))


def test_a_helper_that_keeps_the_output_open_does_not_block(tmp_path: Path) -> None:
    others, began = threading.enumerate(), time.monotonic()
    helper = tmp_path / "helper"
    script = f"echo {KEY}; sleep 60 & echo $! > {shlex.quote(str(helper))}"
    try:
        assert api_key.resolve(shell(script)) == KEY
        assert time.monotonic() - began < 30
    finally:
        os.kill(written_number(helper), signal.SIGKILL)
    for thread in set(threading.enumerate()).difference(others):
        thread.join(60)
        assert not thread.is_alive()


def test_a_command_leaves_no_open_file_behind() -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        api_key.resolve(shell(f"echo {KEY}"))
    until = time.monotonic() + 60
    # A reader that is still at work when the command has ended closes its pipe a moment later.
    while len(list(Path("/dev/fd").iterdir())) > before:
        assert time.monotonic() < until
        time.sleep(0.01)
