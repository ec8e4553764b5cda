"""Sentences for downloads that were refused or went wrong, and for public images that could not be made."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

DOWNLOAD_SENTENCES: Mapping[str, Any] = {
    "download-scheme": _("Only http and https addresses are downloaded from, not %(url)s."),
    "download-address": _(
        "%(host)s leads to the address %(address)s, which is not public. If it is meant, the operator allows "
        "the host with IMS_DOWNLOAD_HOSTS."
    ),
    "download-address-odd": _(
        "The address %(host)s is written in a way that hides where it leads. Write the host's name, or its "
        "address in the usual form."
    ),
    "download-downgrade": _(
        "The secure address was redirected to one that is not: %(url)s. Name a source that stays with https."
    ),
    "download-host-unknown": _(
        "The host %(host)s is not known from here. Check the name and the host's network."
    ),
    "download-status": _(
        "%(url)s answered with the status %(status)s. Check the address and try again later."
    ),
    "download-too-large": _(
        "What is there is larger than the %(limit_bytes)s bytes that are allowed (IMS_IMPORT_MAX_GB)."
    ),
    "download-too-slow": _(
        "The download took longer than is allowed (IMS_DOWNLOAD_HOURS). Retry it when the line is faster."
    ),
    "download-redirects": _("The address was redirected more than %(limit)s times. Name the final address."),
    "download-broken": _("The connection to %(url)s failed several times: %(detail)s. Retry it later."),
    "checksum-not-listed": _(
        "The list of checksums %(url)s does not name the file %(name)s. Look at the page it comes from; the "
        "catalogue needs the file's present name."
    ),
    "download-checksum-differs": _(
        "The file that was downloaded has the checksum %(found)s, not %(wanted)s as its publisher states. "
        "Nothing of it was kept; retry it later."
    ),
    "cannot-unpack": _("The file that was downloaded cannot be unpacked: %(detail)s."),
    "public-image-not-built": _("The image could not be built from Debian's packages: %(detail)s."),
    "public-image-current": _(
        "Every region has the newest %(name)s already. There is nothing to do until its publisher renews it."
    ),
    "catalogue-broken": _("The catalogue of public images cannot be used: %(detail)s."),
    "successor-missing": _("There is no image %(name)s in %(region)s that could be the successor there."),
    "no-region": _("There is no region yet that could hold images. Create one first."),
    "catalogue-key": _("The catalogue of public images has no entry %(key)s."),
}
