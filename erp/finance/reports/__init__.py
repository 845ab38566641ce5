"""Reports of the books, all of one family: they agree with one another and with the postings by construction."""
