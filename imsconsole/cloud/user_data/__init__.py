"""User data that is saved under a name, and fills in the forms of new systems."""
