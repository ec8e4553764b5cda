"""What is said when stored bytes are no longer what they were."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "image-bytes-damaged": _(
        "The stored bytes of the image %(name)s are no longer what they were: the image is frozen, and nobody can use "
        "it. The operator has been told; once the right file is back, verify the image again."
    ),
    "image-bytes-lost": _(
        "The file of the image %(name)s in the store is missing: the image is frozen, and nobody can use it. The "
        "operator has been told; once the file is back, verify the image again."
    ),
    "image-thawed": _("The stored bytes of the image %(name)s are right again: it can be used as before."),
    "server-damaged": _(
        "The system disk of %(name)s rests on bytes that are no longer what they were, so its system may read wrong "
        "data. Save what matters, then change or reinstall its OS."
    ),
}
