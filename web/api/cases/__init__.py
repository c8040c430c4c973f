"""Cases, their photos and figures, and who may see them."""
