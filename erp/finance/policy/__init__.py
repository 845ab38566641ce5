"""The accounting policy of an organisation: a dated record, signed by two, that the program obeys."""
