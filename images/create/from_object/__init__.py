"""Images of objects in buckets."""
