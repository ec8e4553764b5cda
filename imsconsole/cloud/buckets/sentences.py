"""What is said about buckets and objects."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "object-bytes-gone": _(
        "The bytes of “%(name)s” are missing in the storage of the service. Please tell the operator."
    ),
    "object-exists": _(
        "The bucket “%(bucket)s” has an object “%(key)s” already, or one is on its way there. Choose another name "
        "or folder, or delete that object first."
    ),
    "buckets-unavailable": _(
        "The storage of the buckets does not answer as it should (%(detail)s). Try again in a while; if it stays "
        "so, please tell the operator."
    ),
    "bucket-gone": _("The bucket no longer exists. Please choose another one."),
    "bucket-quota-reached": _(
        "The file turned out larger than expected, and the quota of the project for objects in buckets has no room "
        "for it. Delete objects that are no longer needed, or ask the operator for more."
    ),
    "link-over": _(
        "This link does not work, or does not work any more: its time is over, or the object was replaced or "
        "deleted. Ask whoever sent it for a new one."
    ),
}
