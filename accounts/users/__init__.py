"""Users and departments, and why something about them is refused."""
