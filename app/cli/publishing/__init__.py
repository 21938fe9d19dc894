"""The parts of the command `publish`: open a file of events, cut it into events, and send the events in batches."""
