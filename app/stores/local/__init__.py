"""What the stores share that keep a log in one process: how events get their offsets, and how long they are kept."""
