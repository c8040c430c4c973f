"""`urbansense devices`: the registry, files, credentials, unknown devices."""
