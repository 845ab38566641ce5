"""One act on many documents: tried first, then carried out, each document by itself; what became of each is kept."""
