"""What every page's frame says of the project's region, and of the account's own place in its cloud."""

from django.db.models import BooleanField, DateTimeField, Exists, Subquery, Value

from imsconsole.accounts.context import Frame
from imsconsole.cloud.models import AccountCloud, RegionReport

YES = Value(True, output_field=BooleanField())
NEVER = Value(None, output_field=DateTimeField())

FRAME: Frame = {
    "has_region_answered": lambda _user, project: (
        Exists(RegionReport.objects.fresh().filter(pk=project.region_id)) if project else YES
    ),
    "region_answered_at": lambda _user, project: (
        Subquery(RegionReport.objects.filter(pk=project.region_id).values("answered_at"))
        if project
        else NEVER
    ),
    "has_place_answered": lambda _user, project: (
        ~Exists(AccountCloud.objects.of(project).silent()) if project else YES
    ),
    "place_answered_at": lambda _user, project: (
        Subquery(AccountCloud.objects.of(project).values("answered_at")) if project else NEVER
    ),
}
