"""``moonshot-status doctor``"""

from __future__ import annotations

import os

import click


@click.command()
@click.option(
    "--json", "as_json", is_flag=True,
    help="Print one object for a bug report, with nothing private in it.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Examine every step from the settings to the bar.

    Each step has one line: ✓ for one that is well, ✗ for one that is not, with a line on how to
    mend it, ! for what is no fault but worth knowing, · for what is not there or was not tried.
    The API is asked once. The exit status is 0 where no step is wrong, else 1.
    """
    from moonshot_status import doctor
    from moonshot_status.cli import options
    from moonshot_status.doctor import context, report
    from moonshot_status.doctor.finding import State

    examined = context.make_context(options.make_options(ctx.obj), os.environ)
    options.require_account(examined.problem)
    findings = []
    for finding in doctor.examine(examined):
        findings.append(finding)
        if not as_json:
            click.echo(report.line(finding).encode("utf-8", "replace"), nl=False)
    if as_json:
        click.echo(report.document(findings, examined), nl=False)
    ctx.exit(any(finding.state is State.FAIL for finding in findings))
