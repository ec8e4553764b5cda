"""manage.py stop_guests: stop every guest of this data folder."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from imsconsole.accounts.models import Region
from imsconsole.cloud.engines import engine_for
from imsconsole.cloud.servers.reconcile import reconcile_all
from imsconsole.engine.types import Unwatched


class Command(BaseCommand):
    help = "Ask every running guest of this data folder to power off, then cut its power."

    def handle(self, *args: Any, **options: Any) -> None:
        stops = []
        with ThreadPoolExecutor(max_workers=8) as pool:
            for region in Region.objects.all():
                engine = engine_for(region)
                for server_id in engine.inventory().running:
                    stops.append(
                        pool.submit(
                            engine.stop,
                            str(server_id),
                            graceful_s=settings.IMS_STOP_TIMEOUT_S,
                            work=Unwatched(),
                        )
                    )
        for stop in stops:
            stop.result()
        reconcile_all()
        self.stdout.write(f"{len(stops)} guest(s) stopped.")
