"""How many tags a thing may have."""

from collections.abc import Mapping

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from imsconsole.core.rules import ALLOWED, Verdict, refuse


def tags_fit(tags: Mapping[str, str]) -> Verdict:
    """R97."""
    if len(tags) <= settings.IMS_TAGS_PER_IMAGE:
        return ALLOWED
    return refuse(
        "too-many-tags",
        _("There can be at most %(most)s tags."),
        most=settings.IMS_TAGS_PER_IMAGE,
    )
