"""What the pages show, as values: the contract's operations, event types, problem types and versions, read for people."""
