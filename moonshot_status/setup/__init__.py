"""Adding the module to a bar, and taking it out again.

What differs between bars is data, ``setup.json`` beside the snippet in ``integrations/``; here is
what all of them share. Nothing is written before all of it is known, shown and agreed to.
"""

from __future__ import annotations


class SetupError(Exception):
    """Why nothing can be changed, worded for the user."""
