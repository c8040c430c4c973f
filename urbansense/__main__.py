"""`python -m urbansense` is the console script."""

from urbansense.commands.cli import program

program()
