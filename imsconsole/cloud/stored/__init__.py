"""Stored bytes and who has them: one more disk of the same bytes is one more reference, and the last one's end is theirs."""
