"""The list of images and all that is known of one."""
