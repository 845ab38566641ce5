"""What colleagues say about a document."""
