"""``watch``: what it prints, what wakes it, and when it ends.

Most of it runs in this process, with an inline poll in place of the child process and a script in
place of the sleep. The rest needs real signals, pipes and processes.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kit.stored import pass_time, store_file
from kit.support import KEY, PROGRAM, Run, balance, ends_within, written_number
from kit.watching import PATIENCE, SOON, Clock, InlineWorker, ScriptedWaiter, Stream, happens

from moonshot_status import formats
from moonshot_status.formats import Reply
from moonshot_status.polling import demo
from moonshot_status.polling.reply import Request
from moonshot_status.watch import loop, scheduler
from moonshot_status.watch.file_changes import FileChanges
from moonshot_status.watch.poll_once import poll_once
from moonshot_status.watch.scheduler import RefreshRequest, Scheduler
from moonshot_status.watch.upgrade import Program
from moonshot_status.watch.worker import PollResult

Action = Callable[[], Any]
REFRESH = bytes([signal.SIGUSR1])


class Watching:
    """Runs ``watch`` within this process, with an action of the test at each sleep."""

    def __init__(
        self,
        invoke: Run,
        capture: pytest.CaptureFixture[bytes],
        monkeypatch: pytest.MonkeyPatch,
        events: list[int],
    ) -> None:
        self._invoke, self._capture, self._monkeypatch = invoke, capture, monkeypatch
        self._events = events
        self.stderr = b""

    def __call__(self, *arguments: str, then: tuple[Action, ...] = ()) -> list[str]:
        """Return what is printed before each action and after the last one."""
        clock, printed, changes = Clock(), [], FileChanges()

        def actions() -> Iterator[Action]:
            for action in then:
                printed.append(self._capture.readouterr().out.decode())
                yield action

        self.waiter = ScriptedWaiter(clock, actions(), self._events)
        with self._monkeypatch.context() as patch:
            patch.setattr(loop, "EventWaiter", lambda _: self.waiter)
            patch.setattr(loop, "Worker", InlineWorker)
            patch.setattr(loop, "poll_once", poll_now)
            clocked = partial(Scheduler, wall=clock.wall, steady=clock.steady)
            patch.setattr(loop, "Scheduler", clocked)
            patch.setattr(scheduler, "FileChanges", lambda: changes)
            done = self._invoke(*arguments)
        changes.stop()  # Else a change after this test would send SIGIO, which ends the process.
        assert done.returncode == 0, done
        self.stderr = done.stderr
        return [*printed, done.stdout.decode()]

    def sleep(self, seconds: float) -> Action:
        """Return the action that lets this time pass."""
        return lambda: self.waiter.sleep(seconds)


def poll_now(
    request: Request, update: Callable[[Reply], str], refresh: RefreshRequest
) -> PollResult:
    """Poll for a request that was made on a clock that is ahead."""
    since = min(refresh.since, time.time())
    return poll_once(request, update, replace(refresh, since=since))


@pytest.fixture
def watching(
    invoke: Run, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Watching]:
    events: list[int] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGIO, signal.SIGUSR1)}
    signal.signal(signal.SIGIO, lambda number, _: events.append(number))
    yield Watching(invoke, capfdbinary, monkeypatch, events)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def watch() -> Iterator[Callable[..., Stream]]:
    streams: list[Stream] = []

    def start(*arguments: str, **more: Any) -> Stream:
        streams.append(Stream("watch", *arguments, **more))
        return streams[-1]

    yield start
    for stream in streams:
        stream.end()


Watch = Callable[..., Stream]


def refresh() -> bytes:
    return REFRESH


def test_it_prints_the_balance_once_and_wakes_rarely(
    watching: Watching, server: demo.Server
) -> None:
    assert watching("watch", then=(watching.sleep(280),)) == ["$49.58\n", ""]
    assert len(server.requests) == 1
    assert watching.waiter.wakes < 30


def test_a_stale_balance_is_fetched_again(
    watching: Watching, server: demo.Server, home: Path
) -> None:
    def expire() -> None:
        pass_time(store_file(home), 400)
        server.response = balance("4.2")

    assert watching("watch", then=(expire,)) == ["$49.58\n", "$4.20\n"]
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "json", "--account", "two", "watch"],
        ["watch", "--format", "json", "--account", "two"],
        ["--format", "plain", "--account", "one", "watch", "--format", "json", "--account", "two"],
    ],
    ids=" ".join,
)
def test_the_options_stand_before_or_after_the_subcommand(
    watching: Watching,
    server: demo.Server,
    own_file: Callable[[Any], Path],
    arguments: list[str],
) -> None:
    account = {"api_key": KEY, "base_url": server.base_url}
    own_file({"accounts": {"one": account, "two": account}})
    (line,) = watching(*arguments)
    assert json.loads(line)["account"] == "two"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--format", "xbar"], ["--format", "nonsense"], ["--format", "json", "--hide-amount"],
        ["--account", "nobody"], ["--version"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_is_refused_at_once(
    invoke: Run,
    watching: Watching,
    server: demo.Server,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
) -> None:
    monkeypatch.setattr(loop, "Worker", InlineWorker)
    monkeypatch.setattr(loop, "EventWaiter", lambda _: ScriptedWaiter(Clock(), (), []))
    done = invoke("watch", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"Usage: ")
    assert b"Traceback" not in done.stderr


def test_settings_in_a_pipe_are_refused_at_once(invoke: Run, home: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"{}")
    os.mkfifo(home / "pipe")
    (home / "link").symlink_to("pipe")
    for config in (f"/dev/fd/{reading}", f"{home}/pipe", f"{home}/link"):
        for arguments in (["--config", config, "watch"], ["watch", "--config", config]):
            done = invoke(*arguments)
            assert (done.returncode, done.stdout) == (2, b"")
            assert b"'--config': a pipe can be read only once" in done.stderr
    assert os.read(reading, 9) == b"{}"
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("name", [n for n in formats.names() if formats.update_renderer(n)])
def test_every_format_that_can_be_streamed_is(
    watching: Watching, server: demo.Server, name: str
) -> None:
    (printed,) = watching("watch", "--format", name)
    assert "49.58" in printed


def test_debug_and_refresh_may_stand_after_the_subcommand(
    watching: Watching, server: demo.Server, invoke: Run
) -> None:
    invoke()
    assert watching("watch", "--refresh", "--debug") == ["$49.58\n"]
    assert len(server.requests) == 2
    assert b"key from MOONSHOT_API_KEY" in watching.stderr


def test_sigusr1_breaks_no_wait_that_the_server_asked_for(
    watching: Watching, server: demo.Server
) -> None:
    server.response = demo.error(429, "rate_limit_reached_error", "try again after 40 seconds")
    assert watching("watch", then=(refresh, refresh)) == ["— · rate limited\n", "", ""]
    assert len(server.requests) == 1


def test_many_signals_make_few_requests(watching: Watching, server: demo.Server) -> None:
    watching("watch", then=(lambda: REFRESH * 100,) * 2)
    assert len(server.requests) == 3


def test_changed_settings_are_read(
    watching: Watching, server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    settings = {"api_key": KEY, "base_url": server.base_url}
    own_file(settings)
    printed = watching(
        "watch", "--format", "json",
        then=(
            lambda: own_file({**settings, "thresholds": {"warning": 100}}),
            lambda: own_file({**settings, "api_key": "sk-another"}),
        ),
    )  # fmt: skip
    first, second, third = map(json.loads, printed)
    assert (first["level"], second["level"]) == ("ok", "warning")
    assert (third["balance"], third["problem"]["kind"]) == (None, "unauthorized")


def test_a_rejected_key_is_tried_again_and_a_new_one_at_once(
    watching: Watching, server: demo.Server, own_file: Callable[[Any], Path], home: Path,
    invoke: Run,
) -> None:  # fmt: skip
    def pass_an_hour() -> None:
        pass_time(store_file(home), 3600)

    def set_key() -> None:
        invoke("config", "set-key", stdin=KEY.encode())

    own_file({"api_key": "sk-another", "base_url": server.base_url})
    printed = watching("watch", then=(pass_an_hour, set_key))
    assert printed == ["— · key rejected\n", "", "$49.58\n"]
    assert len(server.requests) == 3


def test_hidden_amounts_are_hidden_and_shown_again(
    watching: Watching, server: demo.Server, invoke: Run
) -> None:
    def hide() -> None:
        invoke("hide")

    assert watching("watch", then=(hide, hide)) == ["$49.58\n", "ok\n", "$49.58\n"]
    assert len(server.requests) == 1


@pytest.mark.parametrize("name", ["plain", "tmux"])
def test_an_account_that_disappears_is_reported(
    watching: Watching, server: demo.Server, own_file: Callable[[Any], Path], name: str
) -> None:
    account = {"api_key": KEY, "base_url": server.base_url}
    own_file({"accounts": {"work": account}})
    printed = watching(
        "watch", "--account", "work", "--format", name,
        then=(
            lambda: own_file({"accounts": {"home": account}}),
            lambda: own_file({"accounts": {"work": account}}),
        ),
    )  # fmt: skip
    assert printed == ["$49.58\n", "— · bad settings\n", "$49.58\n"]


def test_a_bar_waits_for_an_account_that_is_gone_from_the_start(
    watching: Watching, server: demo.Server, own_file: Callable[[Any], Path]
) -> None:
    account = {"api_key": KEY, "base_url": server.base_url}
    own_file({"accounts": {"home": account}})
    printed = watching(
        "watch", "--account", "work", "--format", "tmux",
        then=(lambda: own_file({"accounts": {"work": account}}),),
    )  # fmt: skip
    assert printed == ["— · bad settings\n", "$49.58\n"]


def test_an_outdated_program_neither_polls_nor_prints(
    watching: Watching, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    class ReplacedProgram(Program):
        def is_outdated(self) -> bool:
            return len(server.requests) == 1 and not events

        def restart(self) -> None:
            events.append("restart")

    monkeypatch.setattr(loop, "Program", ReplacedProgram)
    assert watching("watch", then=(refresh, watching.sleep(20))) == ["$49.58\n", "", ""]
    assert events == ["restart"]
    assert len(server.requests) == 1


def test_an_old_balance_is_shown_before_the_first_request(
    invoke: Run, watching: Watching, server: demo.Server, home: Path
) -> None:
    invoke()
    pass_time(store_file(home), 3600)
    server.response = balance("7")
    first, second = "".join(watching("watch")).splitlines()
    assert re.fullmatch(r"\$49\.58 · as of \d\d:\d\d", first)
    assert second == "$7.00"


def test_without_a_network_it_says_so_until_there_is_one(
    watching: Watching, home: Path, own_file: Callable[[Any], Path]
) -> None:
    with (
        demo.serving(balance("50"), (KEY,)) as first,
        demo.serving(balance("40"), (KEY,)) as second,
    ):
        own_file({"api_key": KEY, "base_url": first.base_url})

        def disconnect() -> None:
            first.stop()
            pass_time(store_file(home), 400)

        def connect() -> None:
            own_file({"api_key": KEY, "base_url": second.base_url})

        before, offline, after = watching("watch", then=(disconnect, connect))
    assert before == "$50.00\n"
    assert offline.startswith("$50.00")
    assert offline.endswith(" · offline\n")
    assert after.endswith("$40.00\n")


def test_a_server_that_hangs_delays_nothing_but_the_balance(
    watching: Watching, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond, is_over = type(server).respond, threading.Event()

    def hang(*request: Any) -> demo.ServerResponse:
        is_over.wait(PATIENCE)
        return respond(*request)

    def refresh_and_hang() -> bytes:
        monkeypatch.setattr(demo.Server, "respond", hang)
        return REFRESH

    printed = watching("watch", "--timeout", "0.5", then=(refresh_and_hang,))
    is_over.set()
    assert printed == ["$49.58\n", "$49.58 · no answer\n"]


def test_a_store_that_cannot_be_used_costs_no_request_but_the_first(
    watching: Watching, server: demo.Server, home: Path
) -> None:
    (home / ".local").write_text("in the way", encoding="utf-8")
    assert watching("watch", then=(watching.sleep(50),)) == ["$49.58 · not kept\n", ""]
    assert len(server.requests) == 1


def test_without_an_acceptable_age_it_asks_once_a_minute(
    watching: Watching, server: demo.Server
) -> None:
    watching("watch", "--max-age", "0", then=(watching.sleep(290),))
    assert 4 <= len(server.requests) <= 6


# What follows needs processes of its own.


def test_sigusr1_asks_the_api(watch: Watch, server: demo.Server) -> None:
    stream = watch()
    assert stream.line() == "$49.58"
    server.response = balance("4.2")
    stream.refresh()
    assert stream.line() == "$4.20"
    assert len(server.requests) == 2


def test_a_balance_that_another_process_fetched_is_shown(
    watch: Watch, server: demo.Server, invoke: Run
) -> None:
    stream = watch()
    stream.line()
    server.response = balance("4.2")
    invoke("--refresh")
    assert stream.line(SOON) == "$4.20"
    assert len(server.requests) == 2


def test_without_an_output_it_does_not_start(run: Run) -> None:
    assert run(command := "watch", preexec_fn=lambda: os.close(1)).returncode == 1, command


def test_an_output_that_fails_ends_it(server: demo.Server) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([*PROGRAM, "watch"], stdout=full, timeout=PATIENCE, check=False)
    assert done.returncode == 1


def test_without_an_input_it_has_no_clicks(watch: Watch, server: demo.Server) -> None:
    stream = watch("--format", "i3blocks", preexec_fn=lambda: os.close(0))
    assert json.loads(stream.line())["full_text"] == "$49.58"
    server.response = balance("4.2")
    stream.refresh()
    assert json.loads(stream.line())["full_text"] == "$4.20"


def test_it_ends_when_its_reader_does(watch: Watch, server: demo.Server) -> None:
    stream = watch()
    stream.line()
    assert stream.process.stdout
    stream.process.stdout.close()
    assert stream.process.wait(SOON) == 0


def test_it_ends_when_its_parent_does(server: demo.Server, tmp_path: Path) -> None:
    number, printed = tmp_path / "number", tmp_path / "printed"
    script = f"{shlex.quote(PROGRAM[0])} watch > {printed} & echo $! > {number}; wait"
    parent = subprocess.Popen(["sh", "-c", script])
    assert happens(lambda: printed.exists() and printed.read_text(encoding="utf-8") == "$49.58\n")
    parent.kill()
    parent.wait()
    assert ends_within(SOON, written_number(number))


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.slow),
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_it_with_the_poll_that_is_running(
    watch: Watch, server: demo.Server, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    polling: list[int] = []
    is_over = threading.Event()

    def hang(*_: Any) -> demo.ServerResponse:
        polling.extend(stream.children())
        is_over.wait(PATIENCE)
        return balance("1")

    monkeypatch.setattr(demo.Server, "respond", hang)
    stream = watch()
    assert happens(lambda: polling)
    stream.process.send_signal(number)
    assert stream.process.wait(SOON) == -number
    assert ends_within(SOON, polling[0])
    is_over.set()


def test_updates_that_a_stopped_reader_misses_are_skipped(server: demo.Server) -> None:
    """A full pipe blocks nothing, and the newest line is printed next."""
    reading, writing = os.pipe()
    filled = fill(writing)
    process = subprocess.Popen([*PROGRAM, "watch"], stdout=writing, stdin=subprocess.DEVNULL)
    os.close(writing)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    for count, amount in enumerate(("3", "2"), 1):
        server.response = balance(amount)
        if count > 1:
            process.send_signal(signal.SIGUSR1)
        assert happens(lambda count=count: len(server.requests) == count)  # type: ignore[misc]
        assert happens(lambda: not children.read_text(encoding="utf-8"))
    while filled:
        filled -= len(os.read(reading, min(filled, 65536)))
    assert os.read(reading, 65536) == b"$2.00\n"
    os.close(reading)
    assert process.wait(SOON) == 0


def fill(pipe: int) -> int:
    """Write until the pipe is full, and return how many bytes it holds."""
    os.set_blocking(pipe, False)
    filled = 0
    try:
        while True:
            filled += os.write(pipe, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(pipe, True)
        return filled


@pytest.fixture
def opened(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file into which a stand-in for a browser writes what it is to open."""
    folder = home / "bin"
    folder.mkdir()
    script = f'#!/bin/sh\nprintf %s "$1" > {home}/opened; echo printed\n'
    (folder / "xdg-open").write_text(script, encoding="utf-8")
    (folder / "xdg-open").chmod(0o700)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return home / "opened"


class Clicks:
    """The standard input of an i3blocks stream."""

    def __init__(self, stream: Stream) -> None:
        assert stream.process.stdin
        self._stream, self._pipe = stream, stream.process.stdin

    def click(self, line: bytes) -> None:
        self._pipe.write(line)
        self._pipe.flush()

    def close(self) -> None:
        self._pipe.close()
        self._stream.process.stdin = None

    def text(self) -> str:
        """The text of the next update."""
        return str(json.loads(self._stream.line())["full_text"])


def test_clicks_refresh_open_and_hide(watch: Watch, server: demo.Server, opened: Path) -> None:
    stream = watch("--format", "i3blocks", stdin=subprocess.PIPE)
    clicks = Clicks(stream)
    assert clicks.text() == "$49.58"
    server.response = balance("4.2")
    clicks.click(b'{"name": "moonshot", "button": 3, "x": 1}\n')
    assert clicks.text() == "$4.20"
    clicks.click(b"nonsense\n\n4\n1\n1\n")
    assert happens(opened.exists)
    clicks.click(b"2")
    clicks.click(b"\n")
    assert clicks.text() == "warning"
    assert happens(lambda: stream.children() == [])
    clicks.close()
    server.response = balance("60")
    stream.refresh()
    assert clicks.text() == "ok"


@pytest.mark.slow
def test_an_input_that_has_ended_costs_no_processor_time(watch: Watch, server: demo.Server) -> None:
    stream = watch("--format", "i3blocks", stdin=subprocess.PIPE)
    clicks = Clicks(stream)
    assert clicks.text() == "$49.58"
    clicks.close()
    time.sleep(0.5)
    statistics = Path(f"/proc/{stream.process.pid}/schedstat")
    before = int(statistics.read_text(encoding="utf-8").split()[0])
    assert stream.line(3) == ""
    # A loop that does not sleep would use nearly three seconds.
    assert int(statistics.read_text(encoding="utf-8").split()[0]) - before < 300_000_000


@pytest.mark.slow
def test_a_poll_that_is_killed_is_followed_by_another(
    watch: Watch, server: demo.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    respond = type(server).respond
    stream = watch()
    stream.line()
    killed: list[int] = []

    def kill(*request: Any) -> demo.ServerResponse:
        for child in stream.children():
            os.kill(child, signal.SIGKILL)
            killed.append(child)
        return respond(*request)

    with monkeypatch.context() as patch:
        patch.setattr(demo.Server, "respond", kill)
        stream.refresh()
        assert happens(lambda: killed)
    server.response = balance("4.2")
    assert stream.line(2) == ""
    stream.refresh()
    assert stream.line() == "$4.20"


@pytest.mark.slow
def test_two_without_an_acceptable_age_do_not_wake_each_other(
    watch: Watch, server: demo.Server
) -> None:
    streams = [watch("--max-age", "0") for _ in range(2)]
    assert [stream.line()[:6] for stream in streams] == ["$49.58"] * 2
    time.sleep(5)
    assert len(server.requests) <= 2


@pytest.mark.slow
def test_five_of_them_and_polls_make_one_request_a_period(
    watch: Watch, server: demo.Server, run: Run
) -> None:
    streams = [watch("--max-age", "3") for _ in range(5)]
    assert {stream.line() for stream in streams} == {"$49.58"}
    began, until = time.monotonic(), time.monotonic() + 10
    while time.monotonic() < until:
        assert run("--max-age", "3").stdout.startswith(b"$49.58")
    periods = (time.monotonic() - began) / 3
    assert 3 <= len(server.requests) <= periods + 2
    # While a request is under way, its time is shown with the balance.
    printed = {line for stream in streams for line in iter(partial(stream.line, 0.01), "")}
    assert all(re.fullmatch(r"\$49\.58( · as of \d\d:\d\d)?", line) for line in printed)


@pytest.mark.slow
def test_a_signal_to_five_of_them_is_one_refresh(watch: Watch, server: demo.Server) -> None:
    streams = [watch() for _ in range(5)]
    for stream in streams:
        stream.line()
    time.sleep(1)
    server.response = balance("4.2")
    for stream in streams:
        stream.refresh()
    assert {stream.line() for stream in streams} == {"$4.20"}
    # On a busy machine one can receive it after the first has started its request.
    assert 2 <= len(server.requests) <= 3
