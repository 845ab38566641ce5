"""Exact bytes, container, certificate, time: verified when they are taken, and whenever they are looked at."""
