"""What should be reported of each kind of fault, as a label."""
