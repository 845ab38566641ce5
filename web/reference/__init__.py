"""Pages of the registers that all parts cite."""
