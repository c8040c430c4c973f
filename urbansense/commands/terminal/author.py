"""Who gives the command."""

import getpass


def author(by: str | None = None) -> dict[str, str]:
    """Who gives the command, as a header: `by`, or who is logged in. A name that no header can carry is escaped."""
    return {"x-author": (by or getpass.getuser()).encode("ascii", "backslashreplace").decode()}
