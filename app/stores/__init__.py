"""Where events are kept: one module per store, each an `EventStore`."""
