"""Heroicons, each drawn once for a process: a page has some forty, and parsing XML for each took a tenth of it."""

from functools import lru_cache

from django import template
from heroicons.templatetags import heroicons

register = template.Library()

for _name in ("heroicon_micro", "heroicon_mini", "heroicon_outline", "heroicon_solid"):
    register.simple_tag(lru_cache(maxsize=512)(getattr(heroicons, _name)), name=_name)
