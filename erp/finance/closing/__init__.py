"""The close of a month and of a year: steps that the program proves and people answer for."""
