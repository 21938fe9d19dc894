"""Access tokens. Read `authentication.py` first: it decides whether the token of a request is accepted.

`access_token.py` verifies a token and reads what it says, with the keys of `signing_keys.py`, which `refreshed_keys.py` keeps up to date.
`issue_token.py` makes tokens for development.
"""
