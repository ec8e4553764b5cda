"""The end of a share: at once, on a day that is named, with a copy, or with its image."""
