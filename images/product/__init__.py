"""What an image was made from: whose terms hold for it, and whether it may be shared and offered."""
