"""``watch``: a process that sleeps, and now and then another that looks and ends.

It wakes when a reply no longer holds, for a signal, a click, a changed file, and at its own end:
when the reader of its output is gone, or the process that started it.
"""
