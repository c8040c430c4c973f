"""From event to closed case. Empty so far: the case desk is the next milestone but three (see CHANGELOG.md)."""
