"""What commands write, and where: the standard streams, the terminal, and an event as a line of `tail`."""
