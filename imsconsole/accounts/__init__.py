"""Who and where: users, accounts (tenants), their projects, members and roles; regions.

Every rule and query starts from an `Actor`: a user in a project, whose region is the project's.
"""
