"""Images of servers and disks."""
