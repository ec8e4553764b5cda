"""A temporary server from an ISO image, on whose screen a system is installed."""
