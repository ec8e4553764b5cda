"""The operator's table of OS versions, as people look things up in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import django_filters as filters
import django_tables2 as tables
from django import forms
from django.db.models import QuerySet
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from images.models import OsVersion
from images.os.names import os_names
from imsconsole.cloud.models import Architecture, BootMode, Flavor
from imsconsole.core.tables import ImsTable


@dataclass(frozen=True)
class Series:
    """A flavor series as far as systems care: one of its flavors speaks for all."""

    name: str
    flavor: Flavor

    @property
    def label(self) -> str:
        """ "p2s (x86, GPU)" """
        words = [self.flavor.get_architecture_display()]
        words += [self.flavor.get_device_display()] if self.flavor.device else []
        words += [_("bare metal")] if self.flavor.bare_metal else []
        return f"{self.name} ({', '.join(words)})"

    def runs(self, os: OsVersion) -> bool:
        """Whether images of the system can be made for it: CPU, kind of server, the operator's list."""
        has_cpu = os.on_arm if self.flavor.architecture == Architecture.ARM else os.on_x86
        has_kind = os.for_bms if self.flavor.bare_metal else os.for_ecs
        return has_cpu and has_kind and os.runs_on_series(self.name)


def all_series() -> list[Series]:
    """The series of flavors that are offered."""
    by_name = {flavor.series: flavor for flavor in Flavor.objects.filter(hidden=False)}
    return [Series(name, flavor) for name, flavor in by_name.items()]


def _platforms() -> list[tuple[str, str]]:
    return [(platform, platform) for platform, _names in os_names()]


class OsVersionFilter(filters.FilterSet):
    """What both tables are narrowed by; a value that does not exist is ignored."""

    q = filters.CharFilter(
        label=gettext_lazy("OS version"), field_name="name", lookup_expr="icontains",
        widget=forms.TextInput(attrs={"type": "search"}),
    )  # fmt: skip
    platform = filters.ChoiceFilter(
        label=gettext_lazy("Platform"), choices=_platforms, empty_label=gettext_lazy("All")
    )
    cpu = filters.ChoiceFilter(
        label=gettext_lazy("Architecture"),
        choices=Architecture.choices,
        empty_label=gettext_lazy("All"),
        method="on_cpu",
    )

    class Meta:
        model = OsVersion
        fields: ClassVar[tuple[str, ...]] = ("q", "platform", "cpu")

    def on_cpu(self, systems: QuerySet[OsVersion], _field: str, cpu: str) -> QuerySet[OsVersion]:
        return systems.filter(on_arm=True) if cpu == Architecture.ARM else systems.filter(on_x86=True)


class BootModeFilter(OsVersionFilter):
    boot = filters.ChoiceFilter(
        label=gettext_lazy("Boot mode"),
        choices=BootMode.choices,
        empty_label=gettext_lazy("All"),
        method="boots",
    )

    class Meta(OsVersionFilter.Meta):
        fields = ("q", "platform", "cpu", "boot")

    def boots(self, systems: QuerySet[OsVersion], _field: str, mode: str) -> QuerySet[OsVersion]:
        return systems.filter(boots_uefi=True) if mode == BootMode.UEFI else systems.filter(boots_bios=True)


class FlavorSeriesFilter(OsVersionFilter):
    series = filters.ChoiceFilter(
        label=gettext_lazy("Flavor series"),
        choices=lambda: [(series.name, series.label) for series in all_series()],
        empty_label=gettext_lazy("All"),
        method="on_series",
    )

    class Meta(OsVersionFilter.Meta):
        fields = ("q", "platform", "cpu", "series")

    def on_series(self, systems: QuerySet[OsVersion], _field: str, name: str) -> QuerySet[OsVersion]:
        """Asked of each row: the operator's list is a list, and the table has a hundred rows."""
        series = next(each for each in all_series() if each.name == name)
        return systems.filter(pk__in=[os.pk for os in OsVersion.objects.all() if series.runs(os)])


class OsVersionTable(ImsTable):
    """A row per OS version."""

    caption = gettext_lazy("OS versions")

    name = tables.Column(verbose_name=gettext_lazy("OS version"), order_by=("platform", "name"))
    os_type = tables.Column(verbose_name=gettext_lazy("OS type"), order_by=("os_type", "name"))

    class Meta(ImsTable.Meta):
        model = OsVersion
        fields: ClassVar[tuple[str, ...]] = ("name", "os_type")
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "os-versions"}
        empty_text = gettext_lazy("No OS version matches.")


class BootModeTable(OsVersionTable):
    boot_mode = tables.Column(verbose_name=gettext_lazy("Boot mode"), empty_values=(), orderable=False)
    architecture = tables.Column(verbose_name=gettext_lazy("Architecture"), empty_values=(), orderable=False)

    class Meta(OsVersionTable.Meta):
        fields = ("name", "os_type", "boot_mode", "architecture")

    def render_boot_mode(self, record: OsVersion) -> SafeString | str:
        modes = [(BootMode.BIOS, record.boots_bios), (BootMode.UEFI, record.boots_uefi)]
        return _tags(mode.label for mode, can in modes if can)

    def render_architecture(self, record: OsVersion) -> SafeString | str:
        cpus = [(Architecture.X86, record.on_x86), (Architecture.ARM, record.on_arm)]
        return _tags(cpu.label for cpu, can in cpus if can)


class FlavorSeriesTable(OsVersionTable):
    series = tables.Column(verbose_name=gettext_lazy("Flavor series"), empty_values=(), orderable=False)

    class Meta(OsVersionTable.Meta):
        fields = ("name", "os_type", "series")

    def load(self, records: list[OsVersion]) -> None:
        self.offered = all_series()

    def render_series(self, record: OsVersion) -> SafeString | str:
        return _tags(series.name for series in self.offered if series.runs(record))


def _tags(words: Iterable[object]) -> SafeString | str:
    tags = format_html_join(" ", '<span class="tag">{}</span>', ((word,) for word in words))
    return format_html("<span>{}</span>", tags) if tags else "–"
