"""How commands reach urbansense: by its HTTP API, the running one or one in this process."""
