"""A score as an HTML page and as Markdown."""
