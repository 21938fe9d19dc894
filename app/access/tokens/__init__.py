"""Access tokens. Read `authentication.py` first: it decides whether the token of a request is accepted.

`token_authentication.py` does so for a server with keys, with the token of `authorization_header.py` or of a cookie.
`verifier.py` verifies the signature of a token with the keys of `signing_keys.py`, and `access_token.py` reads what its claims say.
`refreshed_keys.py` keeps the keys up to date, and reads them by `key_set_text.py`.
`issue_token.py` makes tokens for development.
"""
