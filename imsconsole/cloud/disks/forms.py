"""What is typed on the pages of disks."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.accounts.models import AvailabilityZone
from imsconsole.cloud.disks.rules import can_grow_to
from imsconsole.cloud.keys.rules import can_encrypt_with
from imsconsole.cloud.models import Disk, Key, Server
from imsconsole.cloud.names import NAME_LENGTH, server_name
from imsconsole.cloud.servers.pickers import ServerPicker
from imsconsole.core.forms import NumberField, RuledChoiceField, limit_number
from imsconsole.core.pickers import PickerField, PickingForm
from imsconsole.core.query_string import number_in
from imsconsole.core.rules import Verdict
from imsconsole.core.summary import Costs, Summary


class BlankDiskForm(forms.Form):
    """A blank data disk."""

    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH, validators=[server_name])
    zone = forms.ModelChoiceField(
        AvailabilityZone.objects.none(),
        label=_("AZ"),
        empty_label=None,
        help_text=_("A disk can only be attached to a server of its AZ."),
    )
    size_gb = NumberField(label=_("Size (GB)"), initial=10)
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


class GrowForm(PickingForm):
    """What the disk becomes; it never shrinks."""

    size_gb = NumberField(label=_("New size (GB)"))

    def __init__(self, *args: Any, disk: Disk, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disk, self.actor = disk, actor
        self.fields["size_gb"].initial = disk.size_gb + 1
        limits = settings.IMS_DATA_DISK_GB if disk.role == Disk.Role.DATA else settings.IMS_SYSTEM_DISK_GB
        limit_number(self.fields["size_gb"], disk.size_gb + 1, max(limits[1], disk.size_gb + 1))

    def summary(self) -> Summary:
        """The disk as it would be."""
        size_gb = number_in(self["size_gb"].value())
        return Summary(
            facts=[(_("Disk"), self.disk.name), (_("Size"), f"{self.disk.size_gb} → {size_gb} GB")],
            quota={"disk_gb": max(0, size_gb - self.disk.size_gb)},
            verdict=can_grow_to(self.disk, size_gb, self.actor),
            costs=Costs(size_gb),
        )


class DiskPicker(PickerField):
    """A disk of the project."""

    heads: ClassVar[Sequence[str | Promise]] = (_("Name"), _("Size"), _("AZ"))
    nothing = _("There is no disk to choose from.")

    def described(self, disk: Disk) -> str:
        return disk.name

    def cells(self, disk: Disk) -> Iterable[Any]:
        yield f"{disk.size_gb} GB"
        yield disk.zone

    def label_from_instance(self, disk: Disk) -> str:
        return f"{disk.name} ({disk.size_gb} GB)"


class AttachForm(PickingForm):
    """Which server gets the disk."""

    server = ServerPicker()

    def __init__(
        self, *args: Any, servers: QuerySet[Server], rule: Callable[[Any], Verdict], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["server"].offer(servers, rule)  # type: ignore[attr-defined]


class TakeForm(PickingForm):
    """Which disk a server gets."""

    disk = DiskPicker(Disk.objects.none(), label=_("Disk"))

    def __init__(
        self, *args: Any, disks: QuerySet[Disk], rule: Callable[[Disk], Verdict], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["disk"].offer(disks, rule)  # type: ignore[attr-defined]
