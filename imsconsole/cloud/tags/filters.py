"""The filter of lists of what has tags."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.core.filters import EachFilter


class TagFilter(EachFilter):
    """With all of the tags that are named; one without "=" asks for the key, whatever its value.

    Tags are asked for the things that have them: joined, a database that has not counted them looks at those of every thing.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(label=_("Tag"), placeholder=_("key or key=value"), **kwargs)

    def filter(self, queryset: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        relation: Any = queryset.model._meta.get_field("tags")
        for tag in value or ():
            key, has_value, content = tag.partition("=")
            wanted = {"key": key} | ({"value": content} if has_value else {})
            tagged = relation.related_model.objects.filter(**wanted).order_by()
            queryset = queryset.filter(pk__in=tagged.values(relation.field.attname))
        return queryset
