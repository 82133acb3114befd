"""One line for people and scripts; the exit status is 1 without a balance."""

from __future__ import annotations

from moonshot_status.display.view import View
from moonshot_status.formats import Reply

WAITS_FOR_REQUEST = True


def render(view: View) -> Reply:
    """Return the line, and the notes with the next step for a terminal."""
    notes = [*view.notes, view.next_step] if view.next_step else view.notes
    stderr = "".join(f"{note}\n" for note in notes)
    return Reply(f"{view.line}\n", 0 if view.has_balance else 1, stderr, view.unknown_account)
