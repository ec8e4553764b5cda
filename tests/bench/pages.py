"""The list page and the CSV at 1,000 and 100,000 images: queries and milliseconds."""

from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from images.models import Image, ImageDisk, OsVersion
from imsconsole.accounts.models import Account, Membership, Project, Region, Role, User
from tests.bench.timing import median_ms
from tests.support.clients import ProjectClient

SIZES = (1_000, 100_000)


def table(base: Path) -> tuple[str, list[str], list[list[str]]]:
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    settings.ALLOWED_HOSTS = ["testserver"]
    rows, first = [], {}
    for size in SIZES:
        client = _project_with(size)
        for name, url in (
            ("list page", "/images/?tab=private"),
            ("list, searched", "/images/?tab=private&q=image-99"),
            ("CSV", "/images/export.csv?tab=private"),
        ):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                _read(client, url)
            count = len(queries)  # the next request forgets them
            ms = median_ms(
                lambda client=client, url=url: _read(client, url), runs=5 if size == SIZES[0] else 3
            )
            first.setdefault(name, ms)
            rows.append([name, f"{size:,}", str(count), f"{ms:.0f}", f"{ms / first[name]:.1f}"])
    return "Pages", ["what", "images", "queries", "ms", "to 1,000"], rows


def _read(client: Client, url: str) -> int:
    response = client.get(url)
    if response.status_code != 200:
        raise SystemExit(f"{url} answered {response.status_code}")
    return sum(map(len, response.streaming_content)) if response.streaming else len(response.content)


def _project_with(count: int) -> Client:
    region, _ = Region.objects.get_or_create(code="bench", defaults={"name": "Bench"})
    account = Account.objects.create(name=f"bench-{count}")
    project = Project.objects.create(account=account, region=region, name="bench")
    user = User.objects.create(username=f"bench-{count}")
    Membership.objects.create(user=user, account=account, role=Role.FULL_ACCESS)
    os_version = OsVersion.objects.first()
    images = [
        Image(region=region, project=project, name=f"image-{number}", status="active", os_version=os_version)
        for number in range(count)
    ]
    Image.objects.bulk_create(images, batch_size=500)
    ImageDisk.objects.bulk_create(
        (
            ImageDisk(image=image, role="system", size_bytes=10**9, virtual_size_bytes=10**10)
            for image in images
        ),
        batch_size=500,
    )
    client = ProjectClient(project)
    client.force_login(user)
    return client
