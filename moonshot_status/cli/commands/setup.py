"""``moonshot-status setup``"""

from __future__ import annotations

import click


@click.command()
@click.argument("bars", nargs=-1, metavar="[BAR]...")
@click.option("--key-stdin", is_flag=True, help="Read the key from standard input.")
@click.option(
    "--key-command",
    metavar="COMMAND",
    help="Have this command print the key: 'pass show moonshot'.",
)
@click.option("--remove", is_flag=True, help="Take the module out of the bars again.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.pass_context
def command(
    ctx: click.Context, /, bars: tuple[str, ...], key_stdin: bool, key_command: str | None,
    remove: bool, dry_run: bool, yes: bool,
) -> None:  # fmt: skip
    """Write the settings, and put the module into the status bar.

    BAR is waybar, i3blocks, ... ; without one, every bar that is found. The region is that of
    --region, before the command.
    """
    from moonshot_status.cli import options
    from moonshot_status.setup import wizard

    setup_options = wizard.SetupOptions(bars, key_stdin, key_command, remove, dry_run, yes)
    ctx.exit(wizard.run(options.make_options(ctx.obj), setup_options))
