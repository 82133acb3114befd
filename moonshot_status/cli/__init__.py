"""The command line: options, subcommands, errors and output."""
