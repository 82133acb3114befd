"""What a bar may show, as plain text and in no bar's syntax."""
