"""The stores that keep the events of the log. Each store implements `EventStore`; `local` has the code that all stores share."""
