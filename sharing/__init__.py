"""Shares of images between projects of one region, and the inbox of those who receive them."""
