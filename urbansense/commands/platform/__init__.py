"""`urbansense up` and each service alone, `doctor`, `ledger`, `rejected`."""
