"""The query language of OData: options, filters, paths, and what an expression is worth. Pure."""
