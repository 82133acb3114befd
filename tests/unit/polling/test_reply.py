"""Whatever fails, a request for output has a reply."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moonshot_status import formats
from moonshot_status.config.settings import Options
from moonshot_status.display.view import View
from moonshot_status.formats import Reply
from moonshot_status.polling import background, poll
from moonshot_status.polling.balance import RequestDueError, Requests
from moonshot_status.polling.reply import Request, make_reply


def request(state: str = "") -> Request:
    return Request("plain", Options(), ("moonshot-status",), state)


def test_a_demo_state_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    reply = make_reply(request("ok"))
    assert (reply.text, reply.exit_code) == ("$49.58\n", 0)
    assert reply.valid_until > 0


def test_an_error_in_a_renderer_is_rendered_as_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    views: list[View] = []

    def render(view: View) -> Reply:
        views.append(view)
        if len(views) == 1:
            raise ZeroDivisionError
        return Reply(f"{view.headline}\n")

    monkeypatch.setattr(formats, "renderer", lambda _: render)
    assert make_reply(request("ok")).text == "— · internal error\n"


def test_an_error_in_a_poll_is_rendered_as_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "poll", None)
    assert make_reply(request()).text == "— · internal error\n"


DUE = RequestDueError(timeout=10, lasts=15, has_balance=True)
EMPTY = RequestDueError(timeout=10, lasts=15, has_balance=False)


@pytest.mark.parametrize(
    ("wait", "due", "polls", "seconds"),
    [
        (None, DUE, [Requests.MAKE], []),
        (1, None, [Requests.REPORT], []),
        (1, DUE, [Requests.REPORT, Requests.SKIP], [1]),
        (1, EMPTY, [Requests.REPORT, Requests.SKIP], [15]),
        (0, DUE, [Requests.REPORT, Requests.SKIP], [0]),
        (0, EMPTY, [Requests.REPORT, Requests.SKIP], [0]),
        (9.9, DUE, [Requests.REPORT, Requests.SKIP], [9.9]),
        (10, DUE, [Requests.REPORT, Requests.MAKE], []),
    ],
)
def test_a_request_is_made_in_the_background_only_if_it_may_take_longer_than_the_wait(
    monkeypatch: pytest.MonkeyPatch,
    wait: float | None,
    due: RequestDueError | None,
    polls: list[Requests],
    seconds: list[float],
) -> None:
    polled, waited = [], []

    def poll_once(options: Options, _: object, requests: Requests) -> View:
        polled.append(requests)
        if due and requests is Requests.REPORT:
            raise due
        return poll.error_view(options)

    def too_late(limit: float, make: object) -> None:
        waited.append(limit)

    monkeypatch.setattr(poll, "poll", poll_once)
    monkeypatch.setattr(background, "reply_within", too_late)
    make_reply(replace(request(), wait=wait))
    assert (polled, waited) == (polls, seconds)


def test_the_reply_of_the_background_process_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    def poll_once(options: Options, _: object, requests: Requests) -> View:
        if requests is Requests.REPORT:
            raise DUE
        assert requests is Requests.MAKE
        return poll.error_view(options)

    monkeypatch.setattr(poll, "poll", poll_once)
    monkeypatch.setattr(background, "reply_within", lambda _, make: make())
    assert make_reply(replace(request(), wait=1)).text == "— · internal error\n"
