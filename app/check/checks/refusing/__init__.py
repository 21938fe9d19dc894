"""The checks of requests that the server must refuse: with what they ask for (refusals), and of what it does not have (unserved)."""
