"""The View, everything that a bar can show, as plain text in no bar's syntax. Pure."""
