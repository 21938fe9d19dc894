"""The HTTP client of `orders-events check`: requests with a deadline, and streams that are split into their raw blocks.

A block is the lines of a stream between two blank lines.
"""
