"""Images of a file at an address (URL), which the service fetches by itself."""
