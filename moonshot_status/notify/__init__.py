"""Run the user's notification command when the level of an account changes."""
