"""How much one device, one sender and all together may have kept; pure. What is beyond is refused, and counted."""
