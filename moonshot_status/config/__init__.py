"""Settings and keys: the program's own file, CodexBar's file and the environment."""
