"""Typical correspondences of accounts, from which an entry is begun."""
