"""Django's SQLite, for connections that are kept between requests. Django looks for its `base`."""
