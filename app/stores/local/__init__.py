"""Code that all stores share: how events get their offsets, and how long events are kept."""
