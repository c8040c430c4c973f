"""From event to closed case: the seven steps, who may take them, and by when."""
