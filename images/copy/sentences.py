"""What is said about copies."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "image-arrived": _("The image %(name)s was copied from %(source)s to %(target)s."),
    "no-agency": _(
        "The project %(target)s does not let %(source)s place images there. One of its administrators has to create "
        "an agency for it first, on the page of that project."
    ),
    "copy-gone": _("The image was deleted while it was being made."),
    "copied-image-gone": _(
        "The image %(name)s, of which a copy was to be made, was deleted before its bytes were taken over. "
        "Copy another image."
    ),
}
