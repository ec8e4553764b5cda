"""What is said about the demo."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "demo-image-not-built": _("The demo image could not be built from Debian's packages: %(detail)s."),
}
