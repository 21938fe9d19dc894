"""What operators see of HTTP requests: a line for each in the log (`access_log.py`), and health and metrics on a listener of their own
(`observation.py`).
"""
