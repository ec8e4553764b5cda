"""What messages say about shared images, to the owner and to the receiver."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "image-shared": _(
        "%(owner)s shares the image %(image)s with your project %(project)s. Accept or reject it under Sharing."
    ),
    "image-shared-with-note": _(
        "%(owner)s shares the image %(image)s with your project %(project)s: “%(note)s”. Accept or reject it under Sharing."
    ),
    "share-accepted": _("The project %(receiver)s has accepted the shared image %(image)s."),
    "share-rejected": _("The project %(receiver)s has rejected the shared image %(image)s."),
    "share-stopped": _(
        "%(owner)s does not share the image %(image)s with your project %(project)s any more. Servers made from it go "
        "on running, but their OS cannot be reinstalled."
    ),
    "share-ends": _(
        "%(owner)s stops sharing the image %(image)s with your project %(project)s at %(until)s. Make a private image of "
        "it before if you go on needing it: a copy, or one of a server made from it."
    ),
    "share-goes-on": _("%(owner)s goes on sharing the image %(image)s with your project %(project)s."),
    "shared-image-deleted": _(
        "The owner of the shared image %(image)s has deleted it, so your project %(project)s does not have it any more. "
        "Servers made from it go on running, but their OS cannot be reinstalled."
    ),
    "shared-image-restored": _(
        "The owner of the shared image %(image)s has restored it: your project %(project)s has it again as before."
    ),
    "planned-deletion-done": _(
        "The image %(image)s of the project %(project)s has been deleted, as it was planned: no other project has it "
        "any more."
    ),
    "copy-given": _(
        "%(owner)s has given your project %(project)s its own copy of the shared image %(image)s: the private image "
        "%(copy)s. The shared one is not yours to use any more; the OS of servers made from it cannot be reinstalled."
    ),
    "copy-given-to": _(
        "The project %(receiver)s has its own copy of the image %(image)s, which is not shared with it any more."
    ),
    "copy-not-given": _(
        "The copy of the image %(image)s for the project %(receiver)s was not made, and the image is still shared with "
        "it: %(why)s"
    ),
    "share-over": _(
        "The image %(image)s is not shared with the project %(receiver)s any more, as it was announced."
    ),
}
