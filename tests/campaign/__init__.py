"""A mixed load of every kind of job while things go wrong, and a look at all of it afterwards: `make campaign`."""
