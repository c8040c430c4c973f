"""Why no event of a rule is open (`why-not`): the first thing that stands in the way."""
