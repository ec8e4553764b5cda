"""The operator's pages: people, accounts, projects with their quotas, members, regions."""

from imsconsole.accounts.admin import members, places, projects, users

__all__ = ["members", "places", "projects", "users"]
