"""`python -m urbansense` is the console script."""

from urbansense.cli import program

program()
