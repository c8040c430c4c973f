"""City-component events, as they are stored and as they happen."""
