"""Sources of order events within the server: the simulator, and the replay of a file.

Each source makes a timeline (events with the pauses between them), and publishes it through the same publisher as HTTP
requests.
"""
