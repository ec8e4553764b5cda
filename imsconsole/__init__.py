"""The Django project and the ground floor of the house: rooms without a door of their own."""
