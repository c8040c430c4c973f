"""`urbansense cases`, `appraisal` and `notifications`."""
