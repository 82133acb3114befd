"""Parse the same options with Click and do nothing: the yardstick for help and usage errors."""

import click

FORMATS = (
    "argos", "i3blocks", "i3status-rust", "json", "nagios", "plain", "polybar", "prometheus",
    "sketchybar", "swiftbar", "template", "tmux", "waybar", "xbar",
)  # fmt: skip


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.option(
    "--format",
    metavar="NAME",
    type=click.Choice(FORMATS),
    help=f"One of {', '.join(FORMATS)}.  [default: plain]",
)
@click.option("--account", metavar="NAME", help="The account of that name in the settings file.")
@click.option(
    "--region",
    type=click.Choice(["international", "china"], case_sensitive=False),
    help="The platform whose key is used.",
)
@click.option(
    "--max-age", metavar="SECONDS", type=float,
    help="How old a stored balance may be to be good enough.  [default: 300]",
)  # fmt: skip
@click.option("--refresh", is_flag=True, help="Ask the API now.")
@click.option(
    "--timeout", metavar="SECONDS", type=float,
    help="The limit for one whole request.  [default: 10]",
)  # fmt: skip
@click.option(
    "--config", metavar="FILE", type=click.Path(exists=True, dir_okay=False),
    help="The settings file to read in place of the usual one.",
)  # fmt: skip
@click.option("--show", metavar="PARTS", help="What stands in the bar.  [default: balance]")
@click.option("--template", metavar="TEXT", help="The line of --format template.")
@click.option("--hide-amount", is_flag=True, help="Show the level without any amount.")
@click.option("--demo", metavar="STATE", help="Show a made-up account.")
@click.option("--debug", is_flag=True, help="Tell every step on standard error, secrets masked.")
@click.version_option("1", message="%(prog)s %(version)s")
def main(**params: object) -> None:
    """Show the balance of a Moonshot / Kimi Open Platform account in a status bar."""


main(prog_name="idle")
