"""Real bars without a display, and what drives them."""
