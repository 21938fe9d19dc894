"""The content of the documentation pages as Python values: operations, event types, problem types, schema changes."""
