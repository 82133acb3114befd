"""The program: what ``moonshot-status`` and ``python -m moonshot_status`` run."""

from __future__ import annotations

from moonshot_status import interrupt

# Before anything that takes time is imported.
interrupt.end_at_once()

try:
    from moonshot_status import early
except ImportError:
    early = None  # type: ignore[assignment]  # the program does without it


def run() -> None:
    """What is remembered, or else the command line; then a quick end."""
    if early:
        early.answer()
    import click

    from moonshot_status import output
    from moonshot_status.cli import main

    code: object = 1
    try:
        main(prog_name="moonshot-status")
    except SystemExit as end:
        code = end.code
    except Exception:  # noqa: BLE001 - a traceback may hold a key
        from moonshot_status import status

        problem = status.unforeseen()
        click.echo(f"Error: {problem.message}. {problem.hint}", err=True)
    output.leave(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    run()
