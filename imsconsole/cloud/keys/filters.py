"""The filter of lists of what may be encrypted."""

from typing import Any

import django_filters as filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _


class EncryptionFilter(filters.ChoiceFilter):
    """Whether rows have a `key`; `method` says so of those that may have several."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label=_("Encryption"),
            choices=[("yes", _("Encrypted")), ("no", _("Not encrypted"))],
            empty_label=_("All"),
            **kwargs,
        )

    def filter(self, queryset: QuerySet[Any], value: str) -> QuerySet[Any]:
        return queryset.filter(key__isnull=value == "no") if value else queryset
