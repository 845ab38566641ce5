"""Lists of people made elsewhere: read once, checked row by row, accepted as staff."""
