"""Which reports and event revisions bring something new. Pure, and the same for every adapter."""
