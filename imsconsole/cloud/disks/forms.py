"""What is typed on the pages of disks."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.cloud.keys.rules import can_encrypt_with
from imsconsole.cloud.models import Disk, Key, Server
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.core.forms import RuledChoiceField, limit_number


class BlankDiskForm(forms.Form):
    """A blank data disk."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    zone = forms.ModelChoiceField(
        AvailabilityZone.objects.none(),
        label=_("AZ"),
        empty_label=None,
        help_text=_("A disk can only be attached to a server of its AZ."),
    )
    size_gb = forms.IntegerField(label=_("Size (GB)"), initial=10)
    key = RuledChoiceField(
        Key.objects.none(), label=_("Encryption"), empty_label=_("Not encrypted"), required=False
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.fields["key"].offer(  # type: ignore[attr-defined]
            Key.objects.known_to(actor),
            lambda key: can_encrypt_with(key, actor),
            Key.objects.usable_by(actor),
        )
        zones: forms.ModelChoiceField[AvailabilityZone] = self.fields["zone"]  # type: ignore[assignment]
        zones.queryset = actor.region.zones.order_by("code")
        limit_number(self.fields["size_gb"], *settings.IMS_DATA_DISK_GB)


class RenameDiskForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])


class GrowForm(forms.Form):
    """What the disk becomes; it never shrinks."""

    size_gb = forms.IntegerField(label=_("New size (GB)"))

    def __init__(self, *args: Any, disk: Disk, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["size_gb"].initial = disk.size_gb + 1
        limits = settings.IMS_DATA_DISK_GB if disk.role == Disk.Role.DATA else settings.IMS_SYSTEM_DISK_GB
        limit_number(self.fields["size_gb"], disk.size_gb + 1, max(limits[1], disk.size_gb + 1))


class ServerToAttachTo(RuledChoiceField):
    def label_from_instance(self, server: Server) -> str:
        return f"{server.name} ({server.get_status_display()}, {server.private_ip})"


class DiskChoice(RuledChoiceField):
    def label_from_instance(self, disk: Disk) -> str:
        return f"{disk.name} ({disk.size_gb} GB)"


class AttachForm(forms.Form):
    """Which server gets the disk; `offered` are those that can take it."""

    server = ServerToAttachTo(Server.objects.none(), label=_("Server"))

    def __init__(
        self, *args: Any, servers: QuerySet[Server], offered: Iterable[Server], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["server"].offer(servers, offered=offered)  # type: ignore[attr-defined]


class TakeForm(forms.Form):
    """Which disk a server gets; `offered` are those it can take."""

    disk = DiskChoice(Disk.objects.none(), label=_("Disk"))

    def __init__(self, *args: Any, disks: QuerySet[Disk], offered: Iterable[Disk], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["disk"].offer(disks, offered=offered)  # type: ignore[attr-defined]
