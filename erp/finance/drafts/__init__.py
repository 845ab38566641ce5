"""Entries that a person is still typing: kept as typed, checked cell by cell, posted or sent for signature."""
