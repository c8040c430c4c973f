"""`urbansense simulate` and `demo`."""
