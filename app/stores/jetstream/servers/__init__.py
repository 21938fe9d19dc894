"""The connection of a node to the NATS servers, and what must be known of them."""
