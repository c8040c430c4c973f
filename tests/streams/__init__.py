"""Tests of the log: one contract suite for both adapters, and what only one of them has."""
