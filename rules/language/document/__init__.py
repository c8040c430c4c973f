"""Rule documents as operators write them: read, checked, and put into another mode."""
