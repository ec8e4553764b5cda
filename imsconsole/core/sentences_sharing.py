"""What messages say about shared images, to the owner and to the receiver."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

SHARING_SENTENCES: Mapping[str, Any] = {
    "image-shared": _(
        "%(owner)s shares the image %(image)s with your project %(project)s. Accept or reject it under Sharing."
    ),
    "share-accepted": _("The project %(receiver)s has accepted the shared image %(image)s."),
    "share-rejected": _("The project %(receiver)s has rejected the shared image %(image)s."),
    "share-stopped": _(
        "%(owner)s does not share the image %(image)s with your project %(project)s any more. Servers made from it go "
        "on running, but their OS cannot be reinstalled."
    ),
    "share-ends": _(
        "%(owner)s stops sharing the image %(image)s with your project %(project)s at %(until)s. Until then you may "
        "copy it to a private image."
    ),
    "share-goes-on": _("%(owner)s goes on sharing the image %(image)s with your project %(project)s."),
    "shared-image-deleted": _(
        "The owner of the shared image %(image)s has deleted it, so your project %(project)s does not have it any more. "
        "Servers made from it go on running, but their OS cannot be reinstalled."
    ),
    "shared-image-restored": _(
        "The owner of the shared image %(image)s has restored it: your project %(project)s has it again as before."
    ),
    "share-over": _(
        "The image %(image)s is not shared with the project %(receiver)s any more, as it was announced."
    ),
}
