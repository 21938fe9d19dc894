"""How a submitted event enters the log: it is held to its contract, and stored only with all other events of its request.

Reading order: `submission_form` (what a submission must be before its data are looked at), `sunsets` (versions that are accepted no
more), `accept` (an event, or every violation in it), `turnstile` (large requests take turns), `publish` (all of these, and the log).
"""
