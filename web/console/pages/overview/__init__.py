"""The page at `/`: counts, the map, the open events, and the readings behind whichever is chosen."""
