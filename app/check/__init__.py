"""Check a deployment against the contract that it publishes, from outside: what consumers run in their own CI.

A black box: it knows what the server sends and nothing of how it is made. Reading order: `report` (what is found), `request`,
`blocks`, `stream` and `connection` (bytes in), `contract` (what is promised), `target` (what is looked at), `log` (what must follow what),
`checks/` (one function for each promise), `table`, `run`, `text` and `machine` (for people and for programs).
"""
