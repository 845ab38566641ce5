"""Pivots of a version: figures by any rows, columns and filters, typed at any level, and files of them."""
