"""``python -m moonshot_status``."""

from moonshot_status.cli import main

main(prog_name="moonshot-status")
