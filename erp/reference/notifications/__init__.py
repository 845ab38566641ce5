"""What a person is told of, written with its cause."""
