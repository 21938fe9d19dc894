"""Sources of order events within the server: each yields a timeline of events, published through the same publisher as all others."""
