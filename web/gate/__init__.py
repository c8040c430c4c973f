"""Who gets through: the gate every request passes, its table, and where requests may come from."""
