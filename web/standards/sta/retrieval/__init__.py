"""Rows from registry and store, bounded, judged and ordered."""
