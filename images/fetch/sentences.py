"""What is said about files that are fetched from an address."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "url-size-unknown": _(
        "The server at %(url)s does not say how large the file is, so no room can be kept for it. Download it, and "
        "upload it from your computer."
    ),
    "url-longer": _(
        "The server said that the file has %(told_bytes)s bytes, and then sent more. Nothing of it was kept; check the "
        "address, or retry it when the file there is whole."
    ),
    "url-checksum-differs": _(
        "The file that was fetched has the checksum %(found)s, not %(wanted)s. Nothing of it was kept; check the address "
        "and the checksum."
    ),
}
