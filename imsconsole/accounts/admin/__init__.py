"""The operator's pages: people, accounts, projects with their quotas, members, regions."""

from imsconsole.accounts.admin import agencies, members, places, projects, sign_ins, users

__all__ = ["agencies", "members", "places", "projects", "sign_ins", "users"]
