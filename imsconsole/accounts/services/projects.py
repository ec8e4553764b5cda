"""What the operator changes on a project."""

from collections.abc import Mapping

from imsconsole.accounts import rules
from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import Project
from imsconsole.accounts.trail import service


@service("updateProjectQuotas")
def change_quotas(*, project: Project, quotas: Mapping[str, int], actor: Actor) -> Project:
    """Give a project other limits than those of the service: resource → amount, bytes in bytes.

    What is not in `quotas` is as in `settings.IMS_QUOTAS`. Whoever orders something now waits for this.
    Raises Refused.
    """
    project = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    rules.can_change_quotas(actor).require()
    rules.are_limits(quotas).require()
    project.quotas = dict(quotas)
    project.save(update_fields=["quotas"])
    return project
