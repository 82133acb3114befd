"""``moonshot-status guard``"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from moonshot_status.parameters import Positive

if TYPE_CHECKING:
    from moonshot_status.view import View


@click.command()
@click.option(
    "--min", "least", metavar="AMOUNT", type=Positive("amount", 10**12),
    help="The least that has to be available, in the account's currency.",
)  # fmt: skip
@click.option(
    # Farther than this no forecast looks.
    "--days", metavar="DAYS", type=Positive("days", 1000),
    help="How many days it has to last at the usual pace.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, least: Decimal | None, days: Decimal | None) -> None:
    """Tell by the exit status whether there is enough.

    It is 0 when there is enough, 1 when there is too little, and 3 when that is not known: without
    a balance, or with one that is older than --max-age.
    """
    if least is None and days is None:
        raise click.UsageError("Say how much is enough, with --min, --days or both.", ctx)
    from moonshot_status import choices, enough, output, status
    from moonshot_status.formats import Reply

    with choices.usage_errors():
        view = _view(ctx.obj)
    found = enough.verdict(view, least, days, status.utc_now())
    notes = [*view.notes, view.next_step] if view.next_step else []
    output.write(Reply(f"{found.line}\n", aside="".join(f"{note}\n" for note in notes)))
    ctx.exit(found.answer)


def _view(chosen: dict[str, Any]) -> View:
    from moonshot_status import choices, poll
    from moonshot_status.settings import UnknownAccountError

    options = choices.options(chosen)
    try:
        if chosen["demo"]:
            from moonshot_status import demo

            return demo.view(chosen["demo"], options)
        return poll.view(options, ())
    except UnknownAccountError:
        raise
    except Exception:  # noqa: BLE001 - whatever it was, the status must not say "too little"
        return poll.unforeseen(options)
