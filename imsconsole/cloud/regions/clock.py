"""What the clock does about regions on clouds: it has workers look, as a cloud takes its time."""

from datetime import timedelta

from imsconsole.accounts.models import OPENSTACK, Region
from imsconsole.cloud.hosts import answering
from imsconsole.cloud.regions.tasks import look_for_foreign
from imsconsole.core.periodic import Periodic


def list_foreign_things() -> None:
    for code in answering(Region.objects.filter(engine=OPENSTACK).values_list("pk", flat=True)):
        look_for_foreign.enqueue(code)


PERIODIC = (Periodic("cloud.list_foreign_things", timedelta(hours=1), list_foreign_things),)
