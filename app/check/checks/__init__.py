"""The checks: one function for each promise, which says it in the first line of its docstring.

A check takes the target and yields what it finds. It raises NotSeen where nothing came by that would show the promise, and lets
CannotCheck pass.
"""
