"""Images: the catalogue, private images and all their verbs, launch, lists and CSV."""
