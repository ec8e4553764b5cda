"""The first page: what of every room needs the reader now. It looks into all of them and keeps nothing."""
