"""A workload of 20,000 reports through the whole path while services or servers die: the same end as undisturbed."""
