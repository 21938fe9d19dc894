"""The content of the pages as values: the operations, event types, problem types and versions of the contract."""
