"""What is said about servers and their systems."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "machine-missing": _("The server's files are missing on the host. Please tell the operator."),
    "no-machine": _(
        "The server has no machine now: a new one could not be made. Its disks are kept. Start it, and a machine is made of them."
    ),
    "image-bytes-gone": _(
        "The image %(name)s was deleted before the server was made from it. Choose another image."
    ),
    "flavor-gone": _("The flavor %(name)s does not exist any more. Choose another one."),
    "boot-awaited": _("The system is starting. It has not written anything to its serial console yet."),
    "boot-seen": _("The system has started: it has written to its serial console."),
    "no-sign-of-life": _(
        "The system has not written anything to its serial console within %(seconds)s seconds of its start."
    ),
    "server-silent": _(
        "The system of %(name)s was exchanged and has not written anything to its serial console within "
        "%(seconds)s seconds. Look at its screen; if it does not boot, undo the change."
    ),
}
