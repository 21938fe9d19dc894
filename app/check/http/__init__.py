"""HTTP as the check speaks it: the raw blocks of an event stream, streams read as far as needed, requests with a deadline."""
