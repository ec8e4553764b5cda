"""Images as files in buckets."""
