"""What is said about exports."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "image-damaged": _(
        "The file of the image “%(name)s” is no longer what was once stored, so it was not handed out. Please tell "
        "the operator."
    ),
}
