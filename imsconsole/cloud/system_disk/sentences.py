"""What is said about former system disks."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "kept-disk-expires": _(
        "The former system disk of %(name)s is kept until %(until)s. After that, the change of its OS can no longer be undone."
    ),
}
