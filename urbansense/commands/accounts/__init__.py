"""`urbansense people` and `audit`."""
