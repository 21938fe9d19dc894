"""The checks of several servers of one log: an id, an event and an `eventId` of one are good at all. They need more than one URL."""
