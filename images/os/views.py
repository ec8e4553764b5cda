"""Two tables to look up: which systems boot UEFI, and which flavor series runs which system."""

from collections.abc import Mapping

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from images.models import OsVersion
from images.os.versions import (
    BootModeFilter,
    BootModeTable,
    FlavorSeriesFilter,
    FlavorSeriesTable,
    OsVersionFilter,
)
from imsconsole.accounts.access import ActorRequest, page_view
from imsconsole.core.htmx import render_page
from imsconsole.core.tables import ImsTable, paged

BOOT_MODES = {
    "title": _("Which systems boot UEFI"),
    "lead": _(
        "A server boots as its image does, and that cannot be changed afterwards. Arm systems boot by UEFI only."
    ),
    "note": _(
        "Heterogeneous flavors, with a GPU, NPU or encoding card, start no private images that boot by UEFI."
    ),
}
SERIES = {
    "title": _("Which flavor series runs which system"),
    "lead": _("An image can be chosen for flavors of these series. Memory and boot mode must fit as well."),
    "note": _(
        "Heterogeneous flavors, with a GPU, NPU or encoding card, start private images only if they boot by BIOS."
    ),
}


@page_view
def list_boot_modes(request: ActorRequest) -> HttpResponse:
    """Which systems boot by BIOS, which by UEFI."""
    found = BootModeFilter(request.GET, queryset=OsVersion.objects.all())
    return _page(request, found, paged(BootModeTable, found.qs, request), BOOT_MODES)


@page_view
def list_flavor_series(request: ActorRequest) -> HttpResponse:
    """Which flavors can be chosen for a system."""
    found = FlavorSeriesFilter(request.GET, queryset=OsVersion.objects.all())
    return _page(request, found, paged(FlavorSeriesTable, found.qs, request), SERIES)


def _page(
    request: ActorRequest, found: OsVersionFilter, table: ImsTable, texts: Mapping[str, Promise]
) -> HttpResponse:
    context = {"active": "help", "filter": found, "table": table, **texts}
    return render_page(request, "images/os/versions.html", "components/table.html", context)
