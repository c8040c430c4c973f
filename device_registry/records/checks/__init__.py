"""What a record must be, by itself and among the others, before it is stored."""
