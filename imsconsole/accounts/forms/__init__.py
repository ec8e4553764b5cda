"""What people type on this room's pages."""
