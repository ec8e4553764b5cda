"""The engine of a cloud against a real one on this machine (lab/): `make test-cloud`."""
