"""What its owner may change of an image."""
