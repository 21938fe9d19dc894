"""How values become HTML: Markdown, code in colour, schemas as rows of tables, commands to type."""
