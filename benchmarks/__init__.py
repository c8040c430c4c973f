"""Throughput, each figure beside its floor (the bare library doing the same job) in the same run."""
