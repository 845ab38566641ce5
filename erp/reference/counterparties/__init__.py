"""Whom institutions deal with, by BIN or IIN."""
