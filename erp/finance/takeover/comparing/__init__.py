"""The parallel run: both trial balances month by month, down to zero."""
