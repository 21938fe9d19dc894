"""Whether a document is valid OpenAPI 3.0. Read `judgement.py` first; the rules are in `openapi_rules.py`, which it imports if it needs
them.
"""
