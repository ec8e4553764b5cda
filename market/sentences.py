"""What messages and errors say about the market, to publishers, buyers and operators."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "publisher-approved": _(
        "The operator has approved the publisher %(publisher)s. You may offer images now."
    ),
    "publisher-rejected": _(
        "The operator has rejected the application of the publisher %(publisher)s. You may apply again. The reason: "
        "%(reason)s"
    ),
    "publisher-suspended": _("The operator has suspended the publisher %(publisher)s: %(reason)s"),
    "listing-scan-failed": _(
        "The scan of %(listing)s found something that keeps it from the market. Look at the checklist."
    ),
    "listing-published": _("%(listing)s is on the market."),
    "listing-rejected": _("The operator has rejected %(listing)s: %(reason)s"),
    "listing-withdrawn-by-operator": _("The operator has withdrawn %(listing)s from the market: %(reason)s"),
    "listing-new-version": _(
        "The version %(version)s of %(listing)s is on the market. Servers of your project %(project)s stay as they are; "
        "change their OS to have it."
    ),
    "listing-withdrawn-notice": _(
        "%(listing)s was withdrawn from the market. Servers of your project %(project)s go on running, and can be "
        "reinstalled with it until %(until)s. The reason: %(reason)s"
    ),
    "bad-picture": _("This is no picture that can be read. Choose a PNG, JPEG or WebP file."),
    "picture-too-large": _("A picture has at most %(most)s MB. Choose a smaller one."),
    "picture-too-many-pixels": _("A picture has at most %(most)s million pixels. Choose a smaller one."),
}
