"""What is typed on the pages of images: one module per verb."""
