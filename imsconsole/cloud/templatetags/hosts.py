"""What a region's engine lacks, said where it matters.

{% load hosts %}
{% if region|lacks:"instant_copy" %}<p>{{ region|lacks:"instant_copy" }}</p>{% endif %}
"""

from django import template
from django.utils.functional import Promise

from imsconsole.accounts.models import Region
from imsconsole.cloud.hosts import is_able

register = template.Library()


@register.filter
def lacks(region: Region, ability: str) -> str | Promise:
    """The sentence that says so; empty when nothing lacks."""
    return is_able(ability, region).reason or ""
