"""``moonshot-status guard``"""

from __future__ import annotations

from decimal import Decimal

import click

from moonshot_status.cli.params import positive


@click.command()
@click.option(
    "--min", "minimum", metavar="AMOUNT", type=positive("amount", 10**12),
    help="The least that has to be available, in the account's currency.",
)  # fmt: skip
@click.option(
    # No forecast goes further than the maximum.
    "--days", metavar="DAYS", type=positive("days", 1000),
    help="How many days it has to last at the usual pace.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, minimum: Decimal | None, days: Decimal | None) -> None:
    """Tell by the exit status whether there is enough.

    It is 0 when there is enough, 1 when there is too little, and 3 when that is not known: without
    a balance, or with one that is older than --max-age.
    """
    if minimum is None and days is None:
        raise click.UsageError("Say how much is enough, with --min, --days or both.", ctx)
    from moonshot_status.cli import options, output
    from moonshot_status.display import guard
    from moonshot_status.formats import Reply
    from moonshot_status.polling.balance import utc_now
    from moonshot_status.polling.reply import make_view

    view = make_view(options.make_options(ctx.obj), demo_state=ctx.obj["demo"] or "")
    for section in view.sections:
        options.require_account(section.problem)
    verdict = guard.evaluate(view, minimum, days, utc_now())
    notes = [*view.notes, view.next_step] if view.next_step else []
    output.write(Reply(f"{verdict.line}\n", stderr="".join(f"{note}\n" for note in notes)))
    ctx.exit(verdict.result)
