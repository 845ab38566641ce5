"""What people decide on words of old fonts, accounts, values and counterparties of the other program."""
