"""What was refused: listed, counted by device, put through again."""
