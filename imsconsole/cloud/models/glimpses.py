"""What servers showed last, for pages: they never wait for a guest or its engine."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models.servers import Server
from imsconsole.core.sentences import Explained


class Glimpse(Explained, models.Model):
    """The screen of a server and the end of its console log, as they were seen last.

    A page that shows them writes until when it wants to; the lookout (`cloud.screens.lookout`) looks as long as somebody does.
    """

    server = models.OneToOneField(
        Server, on_delete=models.CASCADE, primary_key=True, related_name="glimpse", verbose_name=_("server")
    )
    wanted_until = models.DateTimeField(db_index=True)
    seen_at = models.DateTimeField(null=True)
    picture = models.BinaryField(default=b"")  # PNG
    log = models.TextField(blank=True)
    # why it could not be seen whole
    error_code = models.CharField(max_length=64, blank=True)
    error_values: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("glimpse of a server")
        verbose_name_plural = _("glimpses of servers")

    def __str__(self) -> str:
        return f"{self.server_id} {self.seen_at}"
