"""The core: events, their positions and filters, publishing (`accept`, `publish`), the `log`, and its `delivery` to readers."""
