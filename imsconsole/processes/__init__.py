"""The processes of the console on one host: loaded once, forked from one parent, started again when they die.

`manage.py serve` runs all of them; `run_web`, `run_worker`, `run_screens` and `run_clock` are parts for hosts of their own.
"""
