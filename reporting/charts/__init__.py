"""Charts as inline SVG or as one line of text, so that a page needs nothing from elsewhere. They know no room."""
