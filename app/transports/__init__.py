"""The network protocols by which clients publish and read events: one package per protocol."""
