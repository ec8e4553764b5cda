"""Prices (计费标准): who sets them, which holds when, what is typed about them."""
