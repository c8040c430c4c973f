"""Who gives the command."""

import getpass


def author() -> dict[str, str]:
    """Who gives the command, as a header. A name that no header can carry is escaped."""
    return {"x-author": getpass.getuser().encode("ascii", "backslashreplace").decode()}
