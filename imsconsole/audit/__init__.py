"""The trail: a row from every service and every refused unsafe request, in the same transaction.

Names of actions are those of ims-facts §2.26 where it has one.
"""
