"""What both adapters refuse alike: records that are too large, topics that are missing or were created otherwise."""
