"""What is said about downloads of images."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "download-gone": _("“%(name)s” was removed. Prepare it again on the page of the image."),
}
