"""What other projects offer: accepted, rejected."""
