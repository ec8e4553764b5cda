"""What is said about the spool."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "spool-unavailable": _(
        "The storage in which files wait does not answer as it should (%(detail)s). What it has is kept: try again in a "
        "while; if it stays so, please tell the operator."
    ),
}
