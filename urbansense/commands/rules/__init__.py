"""`urbansense rules`, `silences` and `events`."""
