"""Taking an institution over from another program: its balances, its entries, and the months kept in both."""
