"""The operator's pages: people, accounts, projects with their quotas, members, regions."""

from imsconsole.accounts.admin import agencies, members, places, projects, users

__all__ = ["agencies", "members", "places", "projects", "users"]
