"""A finished run as text for people, and as JSON and JUnit XML for programs."""
