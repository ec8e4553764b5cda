"""manage.py stop_guests: stop every guest of this console, and no other that its engines may have."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from imsconsole.accounts.models import Region
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.cloud.whole_regions import WholeRegion
from imsconsole.engine.types import Unwatched


class Command(BaseCommand):
    help = "Ask every running guest of this data folder to power off, then cut its power."

    def handle(self, *args: Any, **options: Any) -> None:
        stops = []
        with ThreadPoolExecutor(max_workers=8) as pool:
            for region in Region.objects.all():
                engine, servers = WholeRegion(region), Server.objects.filter(project__region=region)
                there = engine.inventory()
                ours = {*servers.exclude(ref="").values_list("ref", flat=True), *there.marks}
                for ref in there.running & ours:
                    power_off = partial(engine.stop, ref, graceful_s=settings.IMS_STOP_TIMEOUT_S)
                    stops.append(pool.submit(power_off, work=Unwatched()))
        for stop in stops:
            stop.result()
        reconcile_all()
        self.stdout.write(f"{len(stops)} guest(s) stopped.")
