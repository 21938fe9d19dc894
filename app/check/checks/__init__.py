"""The checks: one function for each promise. The first line of its docstring is the promise, and stands in every report.

A check takes the target and yields the violations that it finds. It raises NotSeen if nothing was observed that could show whether
the promise is kept. It lets CannotCheck pass.
"""
