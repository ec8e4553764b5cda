"""Choosing a server of the project."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import Server
from imsconsole.core.cells import status
from imsconsole.core.pickers import PickerField


class ServerPicker(PickerField):
    """Found by its name or its address."""

    heads: ClassVar[Sequence[str | Promise]] = (_("Name"), _("Status"), _("Private IP"))
    nothing = _("There are no servers in this project.")

    def __init__(self, **options: Any) -> None:
        super().__init__(Server.objects.none(), label=_("Server"), **options)

    def search(self, rows: "QuerySet[Server]", word: str) -> "QuerySet[Server]":
        return rows.filter(Q(name__icontains=word) | Q(private_ip__contains=word))

    def described(self, server: Server) -> str:
        return server.name

    def cells(self, server: Server) -> Iterable[Any]:
        yield status(server.status, server.get_status_display())
        yield server.private_ip

    def label_from_instance(self, server: Server) -> str:
        return f"{server.name} ({server.get_status_display()}, {server.private_ip})"
