"""What people write: YAML in which every value knows where it stands, and problems named by line and column."""
