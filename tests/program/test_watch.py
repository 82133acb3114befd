"""``watch`` as a process: what it prints, what wakes it, and when it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kit.support import KEY, PROGRAM, Run, balance, ends_within

from moonshot_status import formats
from moonshot_status.polling import demo

# As long as a look may take on a busy machine.
PATIENCE = 20.0
# Shorter than any wake-up that is not for a reason.
SOON = 5.0


class Stream:
    """A ``watch`` that a test has started, and what it prints."""

    def __init__(self, *arguments: str, command: list[str] | None = None, **more: Any) -> None:
        self.process = subprocess.Popen(
            command or [*PROGRAM, "watch", *arguments],
            stdin=more.pop("stdin", subprocess.DEVNULL),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **more,
        )
        self._text = ""

    def line(self, seconds: float = PATIENCE) -> str:
        """The next one; empty if there is none in that time."""
        assert self.process.stdout
        until = time.monotonic() + seconds
        while "\n" not in self._text:
            rest = max(0.0, until - time.monotonic())
            if not select.select([self.process.stdout], [], [], rest)[0]:
                return ""
            piece = os.read(self.process.stdout.fileno(), 65536).decode()
            if not piece:
                return ""
            self._text += piece
        line, _, self._text = self._text.partition("\n")
        return line

    def until(self, line: str) -> list[str]:
        """The lines up to that one."""
        lines = [self.line()]
        while lines[-1] != line:
            assert lines[-1], f"{line} did not come after {lines}"
            lines.append(self.line())
        return lines

    def children(self) -> list[int]:
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in path.read_text().split()]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def watch() -> Iterator[Callable[..., Stream]]:
    streams: list[Stream] = []

    def start(*arguments: str, **more: Any) -> Stream:
        streams.append(Stream(*arguments, **more))
        return streams[-1]

    yield start
    for stream in streams:
        stream.end()


Watch = Callable[..., Stream]


def when(holds: Callable[[], Any], seconds: float = PATIENCE) -> bool:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return bool(holds())


def test_it_prints_once_and_then_nothing(watch: Watch, server: demo.Server) -> None:
    stream = watch()
    assert stream.line() == "$49.58"
    assert stream.line(2) == ""
    assert len(server.requests) == 1


def test_a_new_balance_is_printed_when_the_old_one_is_too_old(
    watch: Watch, server: demo.Server
) -> None:
    stream = watch("--max-age", "1")
    assert stream.line() == "$49.58"
    assert when(lambda: len(server.requests) > 2)
    server.response = balance("4.2")
    assert stream.line() == "$4.20"


@pytest.mark.parametrize("arguments", [["--format", "json", "watch"], ["watch", "--format", "json"],
                                       ["--format", "plain", "watch", "--format", "json"]],
                         ids=" ".join)  # fmt: skip
def test_the_options_stand_before_or_behind_the_word(
    watch: Watch, server: demo.Server, own_file: Callable[[Any], Path], arguments: list[str]
) -> None:
    account = {"api_key": KEY, "base_url": server.base_url}
    own_file({"accounts": {"one": account, "two": account}})
    stream = watch(command=[*PROGRAM, *arguments, "--account", "two"] if arguments[0] == "watch"
                   else [*PROGRAM, "--account", "two", *arguments])  # fmt: skip
    assert json.loads(stream.line())["account"] == "two"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "xbar"], ["--format", "nonsense"], ["--format", "json", "--hide-amount"],
        ["--account", "nobody"], ["--version"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_refused_at_once(
    run: Run, server: demo.Server, arguments: list[str]
) -> None:
    done = run("watch", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: ")
    assert b"Traceback" not in done.stderr


def test_without_an_output_it_does_not_start(run: Run) -> None:
    assert run(command := "watch", preexec_fn=lambda: os.close(1)).returncode == 1, command


@pytest.mark.parametrize("name", [n for n in formats.names() if formats.update_renderer(n)])
def test_every_format_that_can_be_streamed_is(watch: Watch, server: demo.Server, name: str) -> None:
    stream = watch("--format", name)
    assert "49.58" in stream.line() + (stream.line(0.1))


def test_debug_and_refresh_may_stand_behind_the_word(
    watch: Watch, server: demo.Server, run: Run
) -> None:
    run()
    stream = watch("--refresh", "--debug")
    assert stream.line() == "$49.58"
    assert stream.line(1) == ""
    assert len(server.requests) == 2
    stream.process.terminate()
    assert b"key from MOONSHOT_API_KEY" in stream.process.communicate()[1]


def test_sigusr1_asks_at_once(watch: Watch, server: demo.Server) -> None:
    stream = watch()
    stream.line()
    server.response = balance("4.2")
    stream.process.send_signal(signal.SIGUSR1)
    assert stream.line() == "$4.20"
    assert len(server.requests) == 2


def test_sigusr1_breaks_no_wait_that_the_server_asked_for(
    watch: Watch, server: demo.Server
) -> None:
    server.response = demo.error(429, "rate_limit_reached_error", "try again after 40 seconds")
    stream = watch()
    assert stream.line() == "— · rate limited"
    stream.process.send_signal(signal.SIGUSR1)
    assert stream.line(2) == ""
    assert len(server.requests) == 1


def test_many_signals_make_few_requests(watch: Watch, server: demo.Server) -> None:
    stream = watch()
    stream.line()
    for _ in range(200):
        stream.process.send_signal(signal.SIGUSR1)
    time.sleep(2.5)
    assert 2 <= len(server.requests) <= 4


def test_what_another_process_reads_is_shown(watch: Watch, server: demo.Server, run: Run) -> None:
    stream = watch()
    stream.line()
    server.response = balance("4.2")
    run("--refresh")
    assert stream.line(SOON) == "$4.20"
    assert len(server.requests) == 2


def test_changed_settings_are_read(
    watch: Watch, server: demo.Server, own_file: Callable[[Any], Path], run: Run
) -> None:
    own_file({"api_key": KEY, "base_url": server.base_url})
    stream = watch("--format", "json")
    assert json.loads(stream.line())["level"] == "ok"
    own_file({"api_key": KEY, "base_url": server.base_url, "thresholds": {"warning": 100}})
    assert json.loads(stream.line(SOON))["level"] == "warning"
    own_file({"api_key": "sk-another", "base_url": server.base_url})
    shown = json.loads(stream.line(SOON))
    assert (shown["balance"], shown["problem"]["kind"]) == (None, "unauthorized")


def test_hidden_amounts_are_hidden_and_shown_again(
    watch: Watch, server: demo.Server, run: Run
) -> None:
    stream = watch()
    stream.line()
    run("hide")
    assert stream.line(SOON) == "ok"
    run("hide")
    assert stream.line(SOON) == "$49.58"
    assert len(server.requests) == 1


def test_an_account_that_goes_away_is_told(
    watch: Watch, server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    account = {"api_key": KEY, "base_url": server.base_url}
    own_file({"accounts": {"work": account}})
    stream = watch("--account", "work")
    assert stream.line() == "$49.58"
    own_file({"accounts": {"home": account}})
    assert stream.line(SOON) == "— · bad settings"
    own_file({"accounts": {"work": account}})
    assert stream.line(SOON) == "$49.58"


def test_without_a_network_it_says_so_until_there_is_one(
    watch: Watch, monkeypatch: pytest.MonkeyPatch, own_file: Callable[[Any], Path]
) -> None:
    with demo.serving(balance("50"), (KEY,)) as server:
        own_file({"api_key": KEY, "base_url": server.base_url, "max_age": 1})
        stream = watch("--timeout", "2")
        assert stream.line() == "$50.00"
        server.stop()
        assert stream.line().endswith(" · offline")
    with demo.serving(balance("40"), (KEY,)) as server:
        own_file({"api_key": KEY, "base_url": server.base_url, "max_age": 1})
        assert "$40.00" in stream.until("$40.00")


def test_a_server_that_hangs_delays_nothing_but_the_balance(
    watch: Watch, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = type(server).respond

    def hang(*question: Any) -> demo.ServerResponse:
        time.sleep(3)
        return respond(*question)

    stream = watch("--timeout", "1")
    stream.line()
    monkeypatch.setattr(demo.Server, "respond", hang)
    stream.process.send_signal(signal.SIGUSR1)
    assert stream.line() == "$49.58 · no answer"
    assert stream.process.poll() is None


def test_a_store_that_cannot_be_used_costs_the_balance_nothing(
    watch: Watch, server: demo.Server, home: Path
) -> None:
    (home / ".local").write_text("in the way")
    stream = watch()
    assert stream.line() == "$49.58 · not kept"
    assert stream.line(3) == ""
    assert len(server.requests) == 1


def test_a_look_that_is_killed_is_followed_by_another(
    watch: Watch, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = type(server).respond
    stream = watch()
    stream.line()
    asked: list[int] = []

    def kill(*question: Any) -> demo.ServerResponse:
        asked.extend(stream.children())
        for child in stream.children():
            os.kill(child, signal.SIGKILL)
        return respond(*question)

    with monkeypatch.context() as patch:
        patch.setattr(demo.Server, "respond", kill)
        stream.process.send_signal(signal.SIGUSR1)
        assert when(lambda: asked)
    server.response = balance("4.2")
    assert stream.line(2) == ""
    stream.process.send_signal(signal.SIGUSR1)
    assert stream.line() == "$4.20"


def test_it_ends_when_its_reader_goes(watch: Watch, server: demo.Server) -> None:
    stream = watch()
    stream.line()
    assert stream.process.stdout
    stream.process.stdout.close()
    assert stream.process.wait(1) == 0


def test_it_ends_when_its_parent_does(server: demo.Server, tmp_path: Path) -> None:
    number, printed = tmp_path / "number", tmp_path / "printed"
    script = f"{PROGRAM[0]} watch > {printed} & echo $! > {number}; wait"
    parent = subprocess.Popen(["sh", "-c", script])
    assert when(lambda: printed.exists() and printed.read_text() == "$49.58\n")
    parent.kill()
    parent.wait()
    assert ends_within(1, int(number.read_text()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_the_look_that_is_going_on(
    watch: Watch, server: demo.Server, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    looking: list[int] = []
    stream = watch()
    stream.line()

    def hang(*_: Any) -> demo.ServerResponse:
        looking.extend(stream.children())
        time.sleep(3)
        return balance("1")

    monkeypatch.setattr(demo.Server, "respond", hang)
    stream.process.send_signal(signal.SIGUSR1)
    assert when(lambda: looking)
    stream.process.send_signal(number)
    assert stream.process.wait(1) == -number
    assert ends_within(1, looking[0])


def test_what_a_stopped_reader_misses_is_not_told_later(
    watch: Watch, server: demo.Server, own_file: Callable[[Any], Path], run: Run
) -> None:
    """A pipe that is full blocks nothing, and the newest line is the next."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    filled = 0
    while True:
        try:
            filled += os.write(writing, b"x" * 4096)
        except BlockingIOError:
            break
    os.set_blocking(writing, True)
    process = subprocess.Popen([*PROGRAM, "watch"], stdout=writing, stdin=subprocess.DEVNULL)
    os.close(writing)
    assert when(lambda: server.requests)
    for amount in ("3", "2"):
        time.sleep(1)
        server.response = balance(amount)
        process.send_signal(signal.SIGUSR1)
        assert when(lambda amount=amount: len(server.requests) == 5 - int(amount))  # type: ignore[misc]
    time.sleep(1)
    while filled:
        filled -= len(os.read(reading, min(filled, 65536)))
    assert select.select([reading], [], [], PATIENCE)[0]
    assert os.read(reading, 65536) == b"$2.00\n"
    os.close(reading)
    assert process.wait(1) == 0


def test_an_output_that_fails_ends_it(server: demo.Server) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, "watch"], stdout=full, timeout=PATIENCE, check=False)
    assert done.returncode == 1


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file into which a browser writes what it is to open."""
    folder = home / "bin"
    folder.mkdir()
    (folder / "xdg-open").write_text(f'#!/bin/sh\nprintf %s "$1" > {home}/opened; echo noise\n')
    (folder / "xdg-open").chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return home / "opened"


def test_clicks_do_what_the_scripts_do(watch: Watch, server: demo.Server, opened: Path) -> None:
    stream = watch("--format", "i3blocks", stdin=subprocess.PIPE)
    clicks = stream.process.stdin
    assert clicks
    assert json.loads(stream.line())["full_text"] == "$49.58"

    def click(line: bytes) -> None:
        clicks.write(line)
        clicks.flush()

    server.response = balance("4.2")
    click(b'{"name": "moonshot", "button": 3, "x": 1}\n')
    assert json.loads(stream.line())["full_text"] == "$4.20"
    click(b"nonsense\n\n4\n1\n1\n")
    assert when(opened.exists)
    click(b"2")
    click(b"\n")
    assert json.loads(stream.line())["full_text"] == "warning"
    assert when(lambda: stream.children() == [])
    clicks.close()
    stream.process.stdin = None
    before = Path(f"/proc/{stream.process.pid}/schedstat").read_text().split()[0]
    assert stream.line(1) == ""
    after = Path(f"/proc/{stream.process.pid}/schedstat").read_text().split()[0]
    assert int(after) - int(before) < 20_000_000
    server.response = balance("60")
    stream.process.send_signal(signal.SIGUSR1)
    assert json.loads(stream.line())["full_text"] == "ok"


def test_without_an_input_it_has_no_clicks(watch: Watch, server: demo.Server) -> None:
    stream = watch("--format", "i3blocks", preexec_fn=lambda: os.close(0))
    assert json.loads(stream.line())["full_text"] == "$49.58"
    server.response = balance("4.2")
    stream.process.send_signal(signal.SIGUSR1)
    assert json.loads(stream.line())["full_text"] == "$4.20"


def test_who_wants_no_old_balance_at_all_asks_once_a_minute(
    watch: Watch, server: demo.Server
) -> None:
    """And two of them do not wake each other all the time."""
    streams = [watch("--max-age", "0") for _ in range(2)]
    assert [stream.line()[:6] for stream in streams] == ["$49.58"] * 2
    time.sleep(5)
    assert len(server.requests) <= 2


def test_five_of_them_and_polls_make_one_request_a_period(
    watch: Watch, server: demo.Server, run: Run
) -> None:
    streams = [watch("--max-age", "3") for _ in range(5)]
    assert {stream.line() for stream in streams} == {"$49.58"}
    begun, until = time.monotonic(), time.monotonic() + 10
    while time.monotonic() < until:
        assert run("--max-age", "3").stdout.startswith(b"$49.58")
    periods = (time.monotonic() - begun) / 3
    assert 3 <= len(server.requests) <= periods + 2
    assert [stream.line(0.01) for stream in streams] == [""] * 5


def test_a_signal_to_five_of_them_is_one_wish(watch: Watch, server: demo.Server) -> None:
    streams = [watch() for _ in range(5)]
    for stream in streams:
        stream.line()
    time.sleep(1)
    server.response = balance("4.2")
    for stream in streams:
        stream.process.send_signal(signal.SIGUSR1)
    assert {stream.line() for stream in streams} == {"$4.20"}
    # On a busy machine somebody can hear it when the first has begun to ask.
    assert 2 <= len(server.requests) <= 3
