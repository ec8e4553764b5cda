"""What is said of images that belong to a cloud."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "cloud-image-gone": _(
        "The image belongs to the region's cloud, which does not offer it any more. Servers made from it go on; it can be used "
        "again when the cloud offers it again."
    ),
}
