"""The trail: a row from every service, every refused unsafe request and every failed job, in the same transaction.

Names of actions are those of ims-facts §2.26 where it has one.
"""
