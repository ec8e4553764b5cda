"""`{% help "import" %}`: a page of the help beside what it is about."""

from typing import Any

from django import template

from imsconsole.help.pages import page_of

register = template.Library()


@register.inclusion_tag("help/_aside.html")
def help(name: str) -> dict[str, Any]:
    """The page `name` of `pages.PAGES`, in the reader's language."""
    return {"page": page_of(name)}
