"""Into the trash, out of it, and gone for ever."""
