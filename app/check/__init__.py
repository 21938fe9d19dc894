"""Check a deployment against the contract that it publishes, from outside: what consumers run in their own CI.

It knows what the server sends, and nothing of how the server is made. Reading order: `findings` (the results, as values),
`request`, `http` (how the server is asked), `published_contract` (what is promised), `target` (what has been observed),
`checks` (one function for each promise), `table`, `run`, `reports` (for people and for programs).
"""
