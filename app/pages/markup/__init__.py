"""Convert values to HTML (Markdown, code with syntax highlighting, schemas as tables), and write curl commands for the pages."""
