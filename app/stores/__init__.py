"""The stores that keep the events, each an `EventStore`; `local` holds what those of one process share."""
