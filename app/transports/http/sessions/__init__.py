"""Sessions of web pages: the access token in a cookie, the pages that may use it, and how a page or client gets a token."""
