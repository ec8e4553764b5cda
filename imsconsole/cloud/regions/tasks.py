"""What the queue runs: looks at clouds, which may take a minute. Rows are the answer; a task that dies is asked for again."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string
from django_tasks import task

from imsconsole.accounts.models import Region
from imsconsole.cloud.hosts import ask_account_clouds, ask_host
from imsconsole.cloud.models import AccountCloud, ForeignThing, RegionCheck
from imsconsole.cloud.whole_regions import WholeRegion
from imsconsole.core.errors import ImsError, Unavailable
from imsconsole.core.now import now
from imsconsole.core.sentences import lasting_values
from imsconsole.engine.api import Shared
from imsconsole.engine.types import Foreign

NAME_LENGTH = 255


@task(queue_name="quick")
def look_at_cloud(code: str) -> None:
    """The whole of it: services, rights, what there is, and what is not ours."""
    region = Region.objects.get(pk=code)
    answer: dict[str, Any] = {"error_code": "", "error_values": {}}
    ask_account_clouds(region)
    try:
        answer["found"] = _checked(region)
        list_foreign(region)
    except ImsError as error:
        answer |= {"error_code": error.code, "error_values": lasting_values(error)}
    ask_host(region)
    RegionCheck.objects.filter(pk=code).update(found_at=now(), **answer)


@task(queue_name="quick")
def look_for_foreign(code: str) -> None:
    """What is not ours. A cloud that does not answer is asked at another time."""
    try:
        list_foreign(Region.objects.get(pk=code))
    except ImsError:
        return


def _checked(region: Region) -> dict[str, Any]:
    try:
        look = import_string(settings.REGION_CHECKS[region.engine])
    except ImportError as error:
        raise Unavailable("engine-not-installed", engine=region.engine, detail=str(error)) from error
    found: dict[str, Any] = look(region.code)
    return found


def list_foreign(region: Region) -> None:
    """Write what lies there that is not ours; what has gone is forgotten. Raises what the engine raises."""
    there = [each for each in WholeRegion(region, silent=False).engines if isinstance(each, Shared)]
    if there:
        found = {(each.kind, each.cloud_id): each for engine in there for each in engine.foreign()}
        _write(region, found, is_all=not AccountCloud.objects.filter(region=region).silent().exists())


@transaction.atomic
def _write(region: Region, found: dict[tuple[str, str], Foreign], *, is_all: bool) -> None:
    rows = {(row.kind, row.cloud_id): row for row in ForeignThing.objects.filter(region=region)}
    gone = [row.pk for key, row in rows.items() if key not in found] if is_all else []
    ForeignThing.objects.filter(pk__in=gone).delete()
    ForeignThing.objects.bulk_create(
        [
            ForeignThing(
                region=region, kind=kind, cloud_id=cloud_id, name=each.name[:NAME_LENGTH], since=each.since
            )
            for (kind, cloud_id), each in found.items()
            if (kind, cloud_id) not in rows
        ],
        ignore_conflicts=True,
    )
