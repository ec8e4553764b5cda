"""Projects: opened, renamed, limited and closed by operators."""

from collections.abc import Mapping

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Draft, Project
from imsconsole.accounts.rows import drop_row, keep_row
from imsconsole.core.locks import locked, locked_all


@service("createProject")
def create_project(*, project: Project, actor: Operator) -> Project:
    """Open a project. Account and region stay, as images and servers are where and whose they were made."""
    return keep_row(project, actor)


@service("updateProject")
def rename_project(*, project: Project, name: str, actor: Actor) -> Project:
    """Give a project another name."""
    rules.may_operate(actor).require()
    project.name = name
    project.save(update_fields=["name"])
    return project


@service("deleteProject")
def delete_project(*, project: Project, actor: Operator) -> Project:
    """Close a project that was never used."""
    locked_all(Draft.objects.filter(project=project))
    locked_all(Project.objects.filter(pk=project.pk))
    rules.can_delete_project(project, actor).require()
    return drop_row(project, actor)


@service("updateProjectQuotas")
def change_quotas(*, project: Project, quotas: Mapping[str, int], actor: Actor) -> Project:
    """Give a project other limits than those of the service: resource → amount, bytes in bytes.

    What is not in `quotas` is as in `settings.IMS_QUOTAS`. Whoever orders something now waits for this.
    Raises Refused.
    """
    project = locked(Project.objects.all(), project.pk)
    rules.can_change_quotas(actor).require()
    rules.are_limits(quotas).require()
    project.quotas = dict(quotas)
    project.save(update_fields=["quotas"])
    return project
