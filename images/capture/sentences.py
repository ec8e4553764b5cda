"""What is said about images of servers and disks."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "disks-moved-on": _(
        "The server or a disk this image was to be made of has been deleted, detached or changed since. Create "
        "the image anew."
    ),
}
