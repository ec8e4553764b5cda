"""Operating systems: the table of versions, how people look things up in it, and how a disk's system is found in it."""
