"""Tags: a table for each kind of thing that has some."""

from typing import Any
from urllib.parse import quote

from django.db import models
from django.utils.translation import gettext_lazy as _


class Tag(models.Model):
    """A tag: key and value (§2.22, R97). What it is of, and that its key is there once, says each of its tables."""

    key = models.CharField(_("key"), max_length=36)
    value = models.CharField(_("value"), max_length=43, blank=True)

    class Meta:
        abstract = True
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


class Tagged:
    """For models whose `tags` are rows of a `Tag`."""

    tags: Any

    @property
    def tag_values(self) -> dict[str, str]:
        """Its tags, by key. Prefetch `tags` for lists."""
        return {tag.key: tag.value for tag in self.tags.all()}

    @property
    def list_page(self) -> str:
        """The address of the list it stands in."""
        raise NotImplementedError

    @property
    def tag_links(self) -> list[tuple[str, str]]:
        """Each tag as it is written, and the address of the things that have it."""
        page = self.list_page
        start = f"{page}{'&' if '?' in page else '?'}tag="
        return [
            (told, start + "=".join(quote(part, "") for part in (key, value) if part))
            for key, value in self.tag_values.items()
            for told in [f"{key}={value}" if value else key]
        ]
