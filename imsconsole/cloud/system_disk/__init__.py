"""A server's system disk: exchanged for another, kept for a while, brought back."""
