"""The checks of a running server: one function for each promise. The first line of its docstring is the promise, as in reports.

A check function takes the server under check (the target), makes requests and yields a finding for each violation. It raises
NotSeen if nothing was observed that could show whether the promise is kept. The exception CannotCheck (something else went wrong)
is not caught in a check.
"""
