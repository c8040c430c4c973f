"""What a rule document may say: conditions and signals, the clauses they stand in, and the document as a whole."""
