"""What grows with the rows: each work of the clock, pages of people and of operators, what watches the console, a backup's rows.

Each is done once before it is measured, in this process, and of each is told what PostgreSQL reads for it, so that whatever reads a
table from end to end is seen before it is slow.
"""

import gzip
import secrets
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from images.models import Image
from images.verify.clock import due_bytes
from imsconsole.accounts.models import Project, Region, User
from imsconsole.console_backup.snapshot import write_rows
from imsconsole.core import now as clock
from imsconsole.core.kept import forget_kept
from imsconsole.jobs.periodic import all_periodic
from tests.bench import guests
from tests.bench.cost import alone, cost_of
from tests.bench.figures import Figure
from tests.bench.fill import PROJECT
from tests.bench.past import fill_past

PAGES = {
    "private images": "/images/?tab=private",
    "private images, a word": "/images/?tab=private&q=nginx",
    "private images, what there is not": "/images/?tab=private&q=no-such-name",
    "private images, sorted by size": "/images/?tab=private&sort=-stored_bytes",
    "private images, last page": "/images/?tab=private&page=last",
    "shared images": "/images/?tab=shared",
    "public images": "/images/?tab=public",
    "market images": "/images/?tab=market",
    "search everything, a word": "/search/?q=nginx",
    "search everything, what there is not": "/search/?q=no-such-name",
    "overview": "/",
    "servers": "/servers/",
    "jobs": "/jobs/",
    "trail": "/audit/",
    "quotas": "/jobs/quotas/",
}
OPERATORS = {
    "start": "/admin/",
    "images": "/admin/images/image/",
    "images, a word": "/admin/images/image/?q=nginx",
    "images, frozen ones": "/admin/images/image/?status__exact=frozen",
    "projects": "/admin/accounts/project/",
    "accounts": "/admin/accounts/account/",
    "jobs": "/admin/jobs/job/",
    "jobs that failed": "/admin/jobs/job/?needs=retry",
    "trail": "/admin/audit/event/",
    "messages": "/admin/notifications/message/",
    "servers": "/admin/cloud/server/",
    "disks": "/admin/cloud/disk/",
    "shares": "/admin/sharing/share/",
    "listings": "/admin/market/listing/",
}


def figures(size: str) -> list[Figure]:
    alone()
    person_of_the_past()
    return [*_watched(), *_works(), *_verified(), *guests.figures(), *_pages(), *_backup()]


def person_of_the_past() -> User:
    """One of the people of the 10,000 projects, who have a year behind them; it is filled in if there is none."""
    if not User.objects.filter(username="of-others-0").exists():
        fill_past(Image.objects.count())
    return User.objects.get(username="of-others-0")


def _watched() -> Iterator[Figure]:
    """The numbers as a process is asked for them first, and again within a minute; and whether all works."""
    token = secrets.token_hex()
    client = Client(headers={"authorization": f"Bearer {token}"})
    with override_settings(IMS_METRICS_TOKEN=token):
        yield _figure("/metrics, once a minute", lambda: (forget_kept(), client.get("/metrics")))
        yield _figure("/metrics, between", lambda: client.get("/metrics"))
        yield _figure("/healthz", lambda: client.get("/healthz"))


def _works() -> Iterator[Figure]:
    """All works of the clock, whether or not they are due; bytes of the filled rows there are none, which are not read."""
    with override_settings(IMS_VERIFY_DAYS=0):
        for work in all_periodic():
            work.function()
            name = work.name.partition("@")[0]
            yield _figure(f"clock: {name}", work.function, f"every {work.every.total_seconds():g} s")


def _verified() -> Iterator[Figure]:
    """In half of the time that all is to be read in, when that is due which was stored first."""
    within = timedelta(days=settings.IMS_VERIFY_DAYS)
    region = Region.objects.get(code="bench")
    clock.move(within / 2 + timedelta(days=1))
    yield _figure("what to verify in the next hour", lambda: due_bytes(region, within))
    clock.reset()


def _pages() -> Iterator[Figure]:
    person, operator = Client(), Client()
    person.force_login(User.objects.get(username=PROJECT))
    admin, _made = User.objects.get_or_create(
        username="admin", defaults={"is_staff": True, "is_superuser": True}
    )
    operator.force_login(admin)
    prefix = f"/p/{Project.objects.get(name=PROJECT).pk}"
    asked = [(f"page: {name}", person, prefix + url) for name, url in PAGES.items()]
    asked += [(f"operator: {name}", operator, url) for name, url in OPERATORS.items()]
    for what, client, url in asked:

        def get(client: Client = client, url: str = url) -> None:
            assert (status := client.get(url).status_code) == 200, f"{url} answered {status}"

        yield _figure(what, get)


def _backup() -> Iterator[Figure]:
    """The rows of a backup, packed as it packs them."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "rows.gz")

        def write() -> None:
            with gzip.open(path, "wt", compresslevel=3, encoding="utf-8") as out:
                write_rows(out)

        cost = cost_of(write)
        yield Figure("rows of a backup", cost.ms, "ms", how=f"{path.stat().st_size / 2**20:,.0f} MiB packed")


def _figure(what: str, function: Callable[[], object], *how: str) -> Figure:
    """What it costs the second time, and how often it asks the database."""
    with CaptureQueriesContext(connection) as queries:
        function()
    asked = f"{len(queries)} queries"  # a request forgets them
    cost = cost_of(function)
    told = (asked, *how, str(cost))
    return Figure(what, cost.ms, "ms", how="; ".join(filter(None, told)))
