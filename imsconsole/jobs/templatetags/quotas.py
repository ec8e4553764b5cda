"""`{% load quotas %}`: what something that is about to be made takes of the project's quotas."""

from collections.abc import Mapping
from typing import Any

from django import template

from imsconsole.accounts.models import Project
from imsconsole.jobs.quotas import quota_lines

register = template.Library()


@register.inclusion_tag("jobs/_quotas.html", takes_context=True)
def quotas_needed(
    context: Mapping[str, Any],
    wanted: Mapping[str, int] | None = None,
    project: Project | None = None,
    **amounts: int,
) -> dict[str, Any]:
    """Bars of the named resources: used before and after. Needs `actor` in the context; of its project if none is named.

    `{% quotas_needed order.quota %}` or `{% quotas_needed images=1 store_bytes=0 %}`; 0 shows it as it is.
    """
    return {"quotas": quota_lines(project or context["actor"].project, {**(wanted or {}), **amounts})}
