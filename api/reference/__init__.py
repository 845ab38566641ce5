"""Registers that all parts cite, over HTTP."""
