"""Files of the other program: recognised by their headings, proved by their own totals, kept row by row."""
