"""The commands about a log that is stored: in a file (`store_commands`), or on servers of NATS, where several nodes share it
(`log_command`).
"""
