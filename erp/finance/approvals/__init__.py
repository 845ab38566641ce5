"""Entries that one person prepares and another approves, and where that is asked for."""
