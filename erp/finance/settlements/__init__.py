"""Entries that other contexts draft for the accountant: the inbox they wait in, and the drafts they become."""
