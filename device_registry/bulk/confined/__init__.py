"""Reading a devices file in a process of its own, which may take so much memory and time and no more.

file ──stdin──▶ child: RLIMITs, bounds of the format, reader ──frames on stdout──▶ ConfinedReader: rows, page by page
"""
