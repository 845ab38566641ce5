"""Institutions that join another: their balances pass from one book to the other, and the joining is remembered."""
