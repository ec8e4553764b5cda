"""What people do: a piece of work for every kind of job, and what surrounds it."""
