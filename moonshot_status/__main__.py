"""The entry point: what ``moonshot-status`` and ``python -m moonshot_status`` run."""

from __future__ import annotations

import _signal  # The signal module builds enumerations, a twentieth of a cached poll.

# From the first import on, Ctrl-C ends the process without a traceback.
if _signal.getsignal(_signal.SIGINT) is not _signal.SIG_IGN:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)

try:
    from moonshot_status import reply_cache
except ImportError:
    reply_cache = None  # type: ignore[assignment]  # The program works without the cache.


def run() -> None:
    """Print the cached reply if it is valid, else run the command line, and end the process."""
    if reply_cache:
        reply_cache.print_if_valid()
    import click

    from moonshot_status.cli import output
    from moonshot_status.cli.main import main

    code: object = 1
    try:
        main(prog_name="moonshot-status")
    except SystemExit as end:
        code = end.code
    except Exception:  # noqa: BLE001 - a traceback may contain a key
        from moonshot_status.polling.balance import internal_error

        problem = internal_error()
        click.echo(f"Error: {problem.message}. {problem.hint}", err=True)
    output.end_process(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    run()
