"""What every route shares of HTTP: query words, headers, bodies, forms, and problem documents for whatever goes wrong."""
