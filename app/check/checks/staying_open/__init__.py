"""The checks of streams that stay open for new events, as those of an `EventSource` do."""
