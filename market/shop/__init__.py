"""The market as buyers see it (市场镜像): offers, their pages and pictures, and the terms one accepts before using them."""
