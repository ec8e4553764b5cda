"""What a form misses is made on a page of its own, and the form comes back (`accounts.kept_forms`)."""

from typing import Any

from django import template
from django.http import QueryDict
from django.urls import reverse

from imsconsole.accounts.actor import actor_in
from imsconsole.accounts.kept_forms import FOR, KeptForm, kept_form
from imsconsole.accounts.models import Project
from imsconsole.accounts.views.kept import MISSED
from imsconsole.core.project_urls import NAMED

register = template.Library()


@register.inclusion_tag("accounts/_missed.html", takes_context=True)
def create_missed(
    context: template.Context, what: str, field: Any, project: Project | None = None
) -> dict[str, Any]:
    """The button of a form that leads to where a new one is made for its field, perhaps in another project."""
    query = QueryDict(mutable=True)
    query.update({"what": what, "field": field.html_name, "back": context["request"].get_full_path()})
    if project:
        query["project"] = str(project.pk)
    return {
        "url": f"{reverse('leave-form')}?{query.urlencode()}",
        "label": MISSED[what].label,
        "project": project,
    }


@register.simple_tag(takes_context=True)
def waiting_form(context: template.Context) -> KeptForm | None:
    """The form that waits for what the page makes."""
    request = context.get("request")
    return kept_form(request, FOR) if request and hasattr(request, "session") else None


@register.simple_tag(takes_context=True)
def waits_elsewhere(context: template.Context, form: KeptForm) -> Project | None:
    """The project of a form that waits, when it is another one."""
    named, actor = NAMED.match(form.at), context.get("actor")
    if named is None or actor is None or actor.user is None or named["project"] == str(actor.project.pk):
        return None
    there = actor_in(actor.user, named["project"])
    return there.project if there else None
