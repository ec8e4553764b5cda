"""A browser in a project."""

from typing import Any

from django.test import Client

from imsconsole.accounts.middleware import OF_NO_PROJECT
from imsconsole.accounts.models import Project
from imsconsole.core.project_urls import bare


class ProjectClient(Client):
    """Asks for every address in its project, but for those of none and those that name another."""

    def __init__(self, project: Project, **options: Any) -> None:
        super().__init__(**options)
        self.project = project

    def generic(self, method: str, path: str, *args: Any, **options: Any) -> Any:
        return super().generic(method, at(self.project, path), *args, **options)


def at(project: Project, path: str) -> str:
    """The path in a project, if it names none and is not of none."""
    is_of_none = path.startswith((*OF_NO_PROJECT, "http", "/static/"))
    return path if is_of_none or bare(path) != path else f"/p/{project.pk}{path}"
