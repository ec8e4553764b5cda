"""Images of files: uploaded, or lying in a bucket."""
