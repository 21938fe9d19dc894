"""The command `orders-events check`: check a running server, from outside, against the contract that the server publishes.

Consumers run the command in their own CI. The package depends only on what the server sends, not on how the server is
implemented.

Reading order: `findings` (the results), `request` (requests and responses as values), `http` (the HTTP client), `published_contract` (the
contract that the server publishes), `target` (the server, and what has been observed of it), `websocket` and `grpc` (the clients of these
transports), `checks` (one function for each promise of the contract), `row` and `table` (the list of checks), `left_out` (why options leave some
out), `run`, `reports` (results as text, JSON and JUnit XML).
"""
