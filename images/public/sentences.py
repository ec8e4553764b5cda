"""What is said about public images, and why one could not be made."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "checksum-not-listed": _(
        "The list of checksums %(url)s does not name the file %(name)s. Look at the page it comes from for the file's "
        "present name."
    ),
    "download-checksum-differs": _(
        "The file that was downloaded has the checksum %(found)s, not %(wanted)s as its publisher states. "
        "Nothing of it was kept; retry it later."
    ),
    "signature-bad": _(
        "The list of checksums %(url)s bears no good signature by a key that is kept for %(publisher)s: it is missing, "
        "of another key, expired, revoked or weak, or the list was changed. Nothing was downloaded. If the publisher has "
        "a new key, the operator puts it into IMS_PUBLISHER_KEYS."
    ),
    "gpgv-missing": _(
        "Signatures of publishers cannot be verified, because gpgv is not installed. Please tell the operator."
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
    "image-deprecated": _(
        "The public image %(name)s, from which there are servers in %(project)s, is not kept up any more from "
        "%(on)s on. They go on running."
    ),
    "image-deprecated-successor": _(
        "The public image %(name)s, from which there are servers in %(project)s, is not kept up any more from "
        "%(on)s on. They go on running; its successor is %(successor)s."
    ),
}
