"""The tables of the accounts, beside those of cases and registry in the same database."""
