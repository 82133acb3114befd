"""The ``watch`` command: a small process that sleeps, and a child process for each poll.

It wakes when the output expires, on a signal, on a click, when a file that the output depends on
changes, and when it has to exit because the reader of its output or its parent process is gone.
"""
