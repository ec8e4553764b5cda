"""The demo that `make run` furnishes, and the guests it is made of."""
