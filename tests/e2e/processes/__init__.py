"""urbansense as processes of its own."""
