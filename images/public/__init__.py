"""Public images: the catalogue of official cloud images, how one is fetched or built, and what is told about them."""
