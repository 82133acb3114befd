"""Notifications of a changed level."""
