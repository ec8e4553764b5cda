"""What accounts say of errors."""

from django.utils.translation import gettext_lazy as _

SENTENCES = {
    "not-in-project": _("There is no such project, or you are not a member of it."),
    "names-no-project": _(
        "This address does not say in which project, so nothing was done. Open the page anew and send it from there."
    ),
}
