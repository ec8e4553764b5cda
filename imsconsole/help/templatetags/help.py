"""`{% help "import" %}`: a page of the help beside what it is about."""

from collections.abc import Mapping
from typing import Any

from django import template

from imsconsole.help.pages import page_of

register = template.Library()


@register.inclusion_tag("help/_aside.html", takes_context=True)
def help(context: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The page `name` of `pages.PAGES`, in the reader's language, folded away if they have it so."""
    request = context["request"]
    return {
        "page": page_of(name),
        "is_folded": request.user.folds_help,
        "next": request.get_full_path(),
        "csrf_token": context.get("csrf_token"),
    }
