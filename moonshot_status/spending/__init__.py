"""What was spent, and how long the balance will last. Pure."""
