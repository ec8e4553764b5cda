"""What is said about imports."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "image-gone": _("The image was deleted while the file was being imported."),
    "disk-smaller-than-image": _(
        "The disk in the file has %(needed_gb)s GB, more than the %(given_gb)s GB that were given. "
        "Import it again with at least %(needed_gb)s GB."
    ),
    "store-quota-reached": _(
        "The new image takes more room than the project's quota for image storage has left. "
        "Delete images that are no longer needed, or ask the operator for more, and retry."
    ),
}
