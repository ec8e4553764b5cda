"""Images in the search: as each tab of the list finds them."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from images.models import Image
from images.selection.filters import ImageFilter, for_tab
from images.selection.tabs import KINDS, PRIVATE
from imsconsole.search.kinds import Kind


def _told(image: Image) -> str:
    return f"{image.get_type_display()} · {image.get_status_display()}"


SEARCHED = (
    *(
        Kind(
            1,
            title,
            "square-3-stack-3d",
            partial(for_tab, tab),
            ImageFilter,
            "images:list",
            "images:detail",
            f"tab={tab}",
            ("q", "tag"),
            order=("-created_at", "-pk") if tab == PRIVATE else (),
            told=_told,
            is_own=tab == PRIVATE,
        )
        for tab, title in KINDS.items()
    ),
    Kind(
        1,
        _("Images in the trash"),
        "trash",
        partial(for_tab, "trash"),
        ImageFilter,
        "images:list",
        query="tab=trash",
        fields=("q", "tag"),
        order=("kept_until", "pk"),
        told=lambda image: image.get_type_display(),
        is_own=False,
    ),
)
