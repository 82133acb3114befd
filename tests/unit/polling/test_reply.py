"""Whatever fails, a request for output has a reply."""

from __future__ import annotations

import pytest

from moonshot_status import formats
from moonshot_status.config.settings import Options
from moonshot_status.display.view import View
from moonshot_status.formats import Reply
from moonshot_status.polling import poll
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
