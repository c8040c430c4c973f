"""`urbansense load` and `score`."""
