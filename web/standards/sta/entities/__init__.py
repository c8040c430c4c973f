"""The eight entity sets, their ids, and what each shows. Pure."""
