"""Which days are worked: holidays of the law, floating ones, days off moved by the Government."""
