"""The accounts as everybody else uses them."""
