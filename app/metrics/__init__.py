"""The metrics of one server, as Prometheus reads them.

The other parts of the server count in plain numbers and histograms. They are converted to metrics only when a client requests them. Read
`tally.py` first: what the transports count; then `exposition.py`: all metrics; `families.py` makes the values of one metric.
"""
