"""The diagnostic log of the server: what it did and what went wrong, one line each, on standard error.

Every module logs with the standard library: `logging.getLogger(__name__)`. Values that a program may search for go into fields:
`_log.info("A request was refused.", extra={"fields": {"status": 404}})`. No line has a token or the value of a query parameter.

Read `formats.py` first: how a line is written. `repeats.py` limits lines that repeat; `diagnostic_log.py` connects both to standard error.
"""
