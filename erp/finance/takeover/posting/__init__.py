"""Opening balances and entries of months, brought over in batches."""
