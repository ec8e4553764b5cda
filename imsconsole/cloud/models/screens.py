"""Who may open the screen of a server, for half a minute."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models.servers import Server


class ScreenToken(models.Model):
    """A token that opens a server's screen once. Neither it nor the session it belongs to is kept, only digests.

    `origin` is the console it was asked for from: a page elsewhere cannot use it.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    session = models.CharField(max_length=64)
    origin = models.CharField(max_length=300)
    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("screen token")
        verbose_name_plural = _("screen tokens")

    def __str__(self) -> str:
        return f"{self.server_id} {self.expires_at}"
