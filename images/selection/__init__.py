"""What a list of images holds, and what is ticked in it."""
