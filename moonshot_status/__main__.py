"""``python -m moonshot_status``."""

from moonshot_status.cli import run

run()
