"""What `publish` is made of: the lines of a file, and their publication."""
