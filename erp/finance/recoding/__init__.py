"""Old codes into new ones from a day on: a mapping table, what it would move, and the entries that move it."""
