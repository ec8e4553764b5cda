"""May a region's cloud be looked at?"""

from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.models import OPENSTACK, Region
from imsconsole.core.rules import ALLOWED, Verdict, refuse


def can_check(region: Region) -> Verdict:
    """Only a region on a cloud has one."""
    if region.engine == OPENSTACK:
        return ALLOWED
    return refuse(
        "region-without-cloud",
        _("The region “%(name)s” is on no cloud. There is nothing to look at."),
        name=region,
    )
