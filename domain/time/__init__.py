"""Spans, instants and weekly hours as people write them."""
