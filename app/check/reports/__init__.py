"""The report of a finished run: as text for people, and as JSON or JUnit XML for programs."""
