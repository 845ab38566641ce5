"""Money, dates, errors, scope, unit of work: what every part stands on, and no business nouns."""
