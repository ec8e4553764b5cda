"""What is done with images: `<verb>_image(…, actor=…)`, one module per verb. Each asks its rule under the row lock."""
