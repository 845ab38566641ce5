"""Dated data packages: what laws and orders set, under version control, validated and loaded as a whole."""
