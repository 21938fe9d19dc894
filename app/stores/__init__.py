"""The stores that keep the events, each an `EventStore`; `local` has the code that the stores within one process share."""
