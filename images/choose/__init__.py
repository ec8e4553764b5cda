"""Which image should I take?"""
