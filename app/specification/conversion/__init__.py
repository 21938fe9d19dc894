"""Convert events between the major versions of their type, by tables that are proved when they are loaded.

A version of a later major has two tables beside its schema: `down.json` says what readers of the major before see of its events, and
`up.json` what an event of the major before becomes. A table is a list of steps (move, drop, set, map). It is applied to the schema of
the events first: the result is a template, a tree that says for each property of the outcome where its value comes from. From the
template follow the schema of all outcomes, which must be contained in the schema that the outcome has to match; the proof that an event
which is raised and brought down again is the event it was; and the function that converts data.

Reading order: `table` (the steps as in the file), `template` (the tree, and how a step changes it), `presence` (when a value is there),
`outcome` (the schema of all outcomes), `round_trip` (down after up), `compiled` (the function), `table_pair` (both tables of a version:
read and proved), `table_examples` (their examples), `same_way_up` (what later minors
may not change), `type_tables` (all tables of an event type), `conversion` (over several majors),
`reading` (what a reader of one major sees).
"""
