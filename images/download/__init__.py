"""Images as files that people download: as they are stored, or made in another format and kept for a while."""
