"""Mount an ISO image on a server, for the system that runs there: drivers, tools, an installer's packages. No system starts from it."""
