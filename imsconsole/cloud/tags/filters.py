"""The filter of lists of what has tags."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.core.filters import EachFilter


class TagFilter(EachFilter):
    """With all of the tags that are named; one without "=" asks for the key, whatever its value."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Tag"), placeholder=_("key or key=value"), **kwargs)

    def filter(self, queryset: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        for tag in value or ():
            key, has_value, content = tag.partition("=")
            queryset = queryset.filter(tags__key=key, **({"tags__value": content} if has_value else {}))
        return queryset
