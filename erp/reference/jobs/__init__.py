"""Work left to the program: asked for, taken up by a worker, reported on, finished once."""
