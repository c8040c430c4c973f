"""Reading the clauses of one document: typed values out, problems with their places collected on the way."""
