"""Parameters that several commands share: where the access token comes from (`token_option`), the server, the contract and the log
(`options`), and what of a stream is read (`stream_options`).
"""
