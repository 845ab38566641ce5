"""e-Finance: the journal and its reports, and all that posts to them."""
