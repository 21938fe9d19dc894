"""A node's own copy of a log that several nodes share, and the store that is made of both."""
