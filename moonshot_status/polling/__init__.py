"""One poll: from the settings to a View and a Reply."""
