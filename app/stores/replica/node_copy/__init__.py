"""A node's own copy of the shared log, in a SQLite file.

Reading order: `local_copy` (the copy, as the other folders use it), `copy_file` (its format, and whether a file can be used),
`copy_changes` (one transaction for each change), `copy_writer` (the connection that writes).
"""
