"""Organisations in a dated tree, and which accounting office serves whom."""
