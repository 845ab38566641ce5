"""Persons who serve: who they are, where they are appointed, by which schedule, and who read their file."""
