"""Pages of this room, one module per thing."""
