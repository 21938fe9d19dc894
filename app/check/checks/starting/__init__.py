"""The checks of where a reader starts: at a time, at the first of several places, and at ids that the log never issued."""
