"""What every page's frame says of the project's region."""

from django.db.models import BooleanField, DateTimeField, Exists, Subquery, Value

from imsconsole.accounts.context import Frame
from imsconsole.cloud.models import RegionReport

FRAME: Frame = {
    "has_region_answered": lambda _user, project: (
        Exists(RegionReport.objects.fresh().filter(pk=project.region_id))
        if project
        else Value(True, output_field=BooleanField())
    ),
    "region_answered_at": lambda _user, project: (
        Subquery(RegionReport.objects.filter(pk=project.region_id).values("answered_at"))
        if project
        else Value(None, output_field=DateTimeField())
    ),
}
