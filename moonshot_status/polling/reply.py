"""From a request for output, such as a bar's command line, to the reply."""

from __future__ import annotations

from dataclasses import dataclass, replace

from moonshot_status import formats
from moonshot_status.config.settings import Options
from moonshot_status.display.view import View
from moonshot_status.formats import Reply
from moonshot_status.polling import poll
from moonshot_status.polling.balance import RequestDueError, Requests


@dataclass(frozen=True)
class Request:
    """A format and the options for what it shows.

    ``program`` is the command line that runs this program again for the same accounts. ``demo`` is
    a state of the demo, empty for a real account. ``wait`` is for how many seconds a stored balance
    is held back while a request is made; None if the request is this process's own.
    """

    format: str
    options: Options
    program: tuple[str, ...]
    demo: str = ""
    wait: float | None = None


def make_reply(request: Request) -> Reply:
    """Return what is printed for the request. Never raises."""
    if request.wait is None:
        return render(request, Requests.MAKE)
    try:
        return render(request, Requests.REPORT)
    except RequestDueError as due:
        return _reply_with_request(request, request.wait, due)


def _reply_with_request(request: Request, wait: float, due: RequestDueError) -> Reply:
    """Return the reply of a background process, or after ``wait`` seconds what is stored.

    Where nothing is stored, there is more time.
    """
    if wait >= due.timeout:
        return render(request, Requests.MAKE)
    from moonshot_status.polling import background

    seconds = wait if due.has_balance or not wait else due.lasts
    reply = background.reply_within(seconds, lambda: render(request, Requests.MAKE))
    return reply or render(request, Requests.SKIP)


def render(request: Request, requests: Requests = Requests.MAKE) -> Reply:
    """Return the reply to the request. Raises as ``make_view`` does."""
    render_view = formats.renderer(request.format)
    view = make_view(request.options, request.program, request.demo, requests)
    try:
        return replace(render_view(view), valid_until=view.valid_until.timestamp())
    except Exception:  # noqa: BLE001 - a bar has to show something, whatever the error
        return render_view(poll.error_view(request.options))


def make_view(
    options: Options, program: tuple[str, ...] = (), demo_state: str = "",
    requests: Requests = Requests.MAKE,
) -> View:  # fmt: skip
    """Return the View of the requested accounts.

    The arguments are those of ``Request`` and ``poll``. Raises RequestDueError as ``requests``
    says, and nothing else.
    """
    try:
        if demo_state:
            from moonshot_status.polling import demo

            return demo.make_view(demo_state, options)
        return poll.poll(options, program, requests)
    except RequestDueError:
        raise
    except Exception:  # noqa: BLE001 - a bar has to show something, whatever the error
        return poll.error_view(options)
