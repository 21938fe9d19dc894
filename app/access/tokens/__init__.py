"""Access tokens. Read `authentication.py` first: it decides whether the token of a request is accepted.

`access_token.py` verifies a token and reads what it says, with the keys of `signing_keys.py`. `refreshed_keys.py` keeps them up to
date, and reads them by `key_set_text.py`.
`issue_token.py` makes tokens for development.
"""
