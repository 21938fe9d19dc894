"""The HTTP client of the check: requests with a deadline, streams that are read as far as needed, and the raw blocks of a stream."""
