"""From a request for output, such as a bar's command line, to the reply."""

from __future__ import annotations

from dataclasses import dataclass, replace

from moonshot_status import formats
from moonshot_status.config.settings import Options, UnknownAccountError
from moonshot_status.display.view import View
from moonshot_status.formats import Reply
from moonshot_status.polling import poll


@dataclass(frozen=True)
class Request:
    """A format and the options for what it shows.

    ``program`` is the command line that runs this program again for the same accounts. ``demo`` is
    a state of the demo, empty for a real account.
    """

    format: str
    options: Options
    program: tuple[str, ...]
    demo: str = ""


def make_reply(request: Request) -> Reply:
    """Return what is printed for the request. Raises UnknownAccountError, and nothing else."""
    render = formats.renderer(request.format)
    view = make_view(request.options, request.program, request.demo)
    try:
        return replace(render(view), valid_until=view.valid_until.timestamp())
    except Exception:  # noqa: BLE001 - a bar has to show something, whatever the error
        return render(poll.error_view(request.options))


def make_view(options: Options, program: tuple[str, ...] = (), demo_state: str = "") -> View:
    """Return the View of the requested accounts. Raises UnknownAccountError, and nothing else.

    The arguments are those of ``Request``.
    """
    try:
        if demo_state:
            from moonshot_status.polling import demo

            return demo.make_view(demo_state, options)
        return poll.poll(options, program)
    except UnknownAccountError:
        raise
    except Exception:  # noqa: BLE001 - a bar has to show something, whatever the error
        return poll.error_view(options)
