"""A shared log in NATS JetStream."""
