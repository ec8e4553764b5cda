"""Long work that survives anything: a `Job` row is the truth, the queue's task only a wake-up.

A room declares its work as a `JobKind` (kinds.py); `start_job` enqueues it in the transaction that
changes the state; `runner` runs, undoes and takes up; `clock` runs periodic work.
"""
