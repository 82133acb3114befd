"""Spending, and how long the balance will last: pure functions of readings."""
