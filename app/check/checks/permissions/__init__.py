"""The checks of what a client is permitted to do: by an access token (access), and by the cookie of a web page (session_cookies)."""
