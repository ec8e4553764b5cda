"""The list of images as CSV: the columns of ims-facts §2.24 first, then what else is known (R27)."""

from datetime import datetime
from typing import Any

import django_tables2 as tables
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from images.models import Image
from imsconsole.core.tables import ImsTable


def _yes_no(value: bool) -> str:
    return str(_("Yes") if value else _("No"))


def _iso(at: datetime) -> str:
    """In the reader's time zone, with its offset."""
    return localtime(at).isoformat(timespec="seconds")


class YesNoColumn(tables.Column):
    empty_values = ()

    def render(self, value: Any) -> str:
        return _yes_no(bool(value))


class TimeColumn(tables.Column):
    def render(self, value: datetime) -> str:
        return _iso(value)


class ImageExport(ImsTable):
    """What both files hold after the columns of their tab. Bytes are bytes, memory is MB."""

    architecture = tables.Column()
    boot_mode = tables.Column()
    max_ram_mb = tables.Column()
    nic_multi_queue = YesNoColumn()
    cloud_init = YesNoColumn()
    use = tables.Column()
    protected = YesNoColumn()
    source_kind = tables.Column()
    source_name = tables.Column(verbose_name=_("Source name"))
    description = tables.Column()
    tags = tables.Column(verbose_name=_("Tags"), empty_values=())
    sha256 = tables.Column(verbose_name=_("SHA-256 of the stored file"), empty_values=())
    servers_count = tables.Column(verbose_name=_("Servers"))
    region_id = tables.Column(verbose_name=_("Region"))
    updated_at = TimeColumn()

    def render_tags(self, record: Image) -> str:
        return "; ".join(str(tag) for tag in record.tags.all())

    def render_sha256(self, record: Image) -> str:
        return "; ".join(disk.sha256 for disk in record.disks.all())


class PublicExport(ImageExport):
    name = tables.Column(verbose_name=_("Image name"))
    status = tables.Column()
    os_version = tables.Column()
    type = tables.Column()
    created_at = TimeColumn(verbose_name=_("Created at"))
    min_disk_gb = tables.Column(verbose_name=_("System disk (GB)"))
    min_ram_mb = tables.Column()
    id = tables.Column()
    stored_bytes = tables.Column(verbose_name=_("Image size (bytes)"))

    class Meta(ImsTable.Meta):
        model = Image
        fields = ()
        sequence = (
            "name", "status", "os_version", "type", "created_at", "min_disk_gb", "min_ram_mb", "id", "stored_bytes",
            "...",
        )  # fmt: skip


class PrivateExport(ImageExport):
    name = tables.Column(verbose_name=_("Image name"))
    id = tables.Column()
    status = tables.Column()
    os_version = tables.Column()
    type = tables.Column()
    created_at = TimeColumn(verbose_name=_("Created at"))
    min_disk_gb = tables.Column()
    shared_disks = YesNoColumn(verbose_name=_("Shared disks"))
    stored_bytes = tables.Column(verbose_name=_("Image size (bytes)"))
    encrypted = YesNoColumn(verbose_name=_("Encryption"))
    min_ram_mb = tables.Column()

    class Meta(ImsTable.Meta):
        model = Image
        fields = ()
        sequence = (
            "name", "id", "status", "os_version", "type", "created_at", "min_disk_gb", "shared_disks", "stored_bytes",
            "encrypted", "min_ram_mb", "...",
        )  # fmt: skip


EXPORTS = {"public": PublicExport, "private": PrivateExport, "shared": PrivateExport, "market": PublicExport}
