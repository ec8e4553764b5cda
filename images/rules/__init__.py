"""What may be done with an image: `can_<verb>(image, actor)`, one module per verb."""
