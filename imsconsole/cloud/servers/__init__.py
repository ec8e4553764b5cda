"""Servers: their states, rules, power, and what engines are told of them."""
