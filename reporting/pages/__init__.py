"""HTML pages and mails: the environment of their templates, the frame around them and the pieces they share."""
