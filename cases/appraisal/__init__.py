"""How well the case desk works: indicators by department, area, problem and source, as figures, CSV and a page."""
