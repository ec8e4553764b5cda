"""Full-ECS images: of a server through a backup, and of a backup that is there."""
