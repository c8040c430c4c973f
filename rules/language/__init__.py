"""What a rule document may hold: conditions and signals, the clauses they stand in, and the document as a whole."""
