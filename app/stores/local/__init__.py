"""Code that all stores within one process share: how events get their offsets, and how long events are kept."""
