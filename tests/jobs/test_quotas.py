"""Quotas: hard under any concurrency, freed by whatever ends, shown where something is ordered."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from images.create.rules import Import
from images.create.services import import_image
from images.delete.services import delete_image
from images.launch.services import create_servers
from images.models import Image, Upload
from images.uploads.services import refuse_upload, start_upload
from imsconsole.accounts.actor import service_actor
from imsconsole.accounts.models import Draft
from imsconsole.accounts.services.projects import change_quotas
from imsconsole.audit.models import Event
from imsconsole.cloud.models import Server
from imsconsole.cloud.servers.services import delete_server
from imsconsole.core.errors import Conflict, NoSpace
from imsconsole.core.rules import Refused
from imsconsole.jobs.models import Job, Reservation
from imsconsole.jobs.quotas import fits_quota, left_for, quota_lines, registering, reserve_more, used_by
from imsconsole.jobs.run import Run
from imsconsole.jobs.runner import claim
from imsconsole.jobs.services import cancel_job
from imsconsole.jobs.start import start_job
from tests import factories
from tests.conftest import client_of
from tests.jobs.kinds import WriteFiles
from tests.support.at_once import DONE, at_once
from tests.support.clients import at
from tests.support.web import WebServer
from tests.support.workers import run_jobs

REQUESTS, LIMIT = 100, 10
BROWSERS = 30  # a web server takes some 0.2 s for each


def limit(project: Any, **quotas: int) -> None:
    project.quotas = quotas
    project.save(update_fields=["quotas"])


@pytest.fixture
def image(people: SimpleNamespace) -> Image:
    """An image in state Normal. Its bytes are not needed: no job runs here."""
    image = factories.ImageFactory(project=people.bob.project, os_version=None)
    factories.ImageDiskFactory(image=image)
    return image


def launch(people: SimpleNamespace, image: Image, **wanted: Any) -> list[Server]:
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    return create_servers(
        actor=people.bob, image=image, flavor=flavor, user_data="#!", **{"name": "web", **wanted}
    )


def complete_upload_of(actor: Any, number: int) -> Upload:
    found = {"format": "qcow2", "sha256": "0" * 64, "virtual_size_bytes": 1, "size_bytes": 1}
    return factories.UploadFactory(
        project=actor.project,
        user=actor.user,
        name=f"{number}.qcow2",
        size_bytes=1,
        state="complete",
        found=found,
        expires_at="2100-01-01T00:00Z",
    )


# hard ------------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a hundred transactions wait for the same project")
@pytest.mark.django_db(transaction=True)
class TestOfAHundredAtOnceExactlyTenAreStarted:
    @pytest.mark.slow(reason="a hundred order servers at once")
    def test_servers(self, people: SimpleNamespace, image: Image) -> None:
        limit(people.bob.project, servers=LIMIT)
        outcomes = at_once(*[lambda: launch(people, image)] * REQUESTS)
        assert sorted(outcomes) == [DONE] * LIMIT + ["quota-servers"] * (REQUESTS - LIMIT)
        assert Server.objects.count() == Job.objects.count() == LIMIT
        assert Server.objects.values("private_ip").distinct().count() == LIMIT

    @pytest.mark.slow(reason="twenty order several servers at once")
    def test_several_servers_each(self, people: SimpleNamespace, image: Image) -> None:
        """All or none: three times three fit, a fourth order does not, though one server would."""
        limit(people.bob.project, vcpus=LIMIT)
        outcomes = at_once(*[lambda: launch(people, image, count=3)] * 20)
        assert sorted(outcomes) == [DONE] * 3 + ["quota-vcpus"] * 17
        assert used_by(people.bob.project)["vcpus"] == 9

    @pytest.mark.slow(reason="a hundred begin uploads at once")
    def test_uploads(self, people: SimpleNamespace) -> None:
        limit(people.bob.project, upload_bytes=LIMIT)
        calls = [lambda: start_upload(name="a.raw", size_bytes=1, actor=people.bob)] * REQUESTS
        outcomes = at_once(*calls)
        assert sorted(outcomes) == [DONE] * LIMIT + ["quota-upload-bytes"] * (REQUESTS - LIMIT)
        assert used_by(people.bob.project)["upload_bytes"] == LIMIT

    @pytest.mark.slow(reason="a hundred import images at once")
    def test_images_and_their_storage(self, people: SimpleNamespace) -> None:
        """The bytes of an image are reserved before its job begins."""
        limit(people.bob.project, images=LIMIT, store_bytes=LIMIT // 2)
        uploads = [complete_upload_of(people.bob, number) for number in range(40)]

        def begin(upload: Upload) -> Image:
            return import_image(
                Import(upload=upload, name=upload.name, type="system", min_disk_gb=1), actor=people.bob
            )

        outcomes = at_once(*(lambda upload=upload: begin(upload) for upload in uploads))
        assert sorted(outcomes) == [DONE] * 5 + ["quota-store-bytes"] * 35
        limit(people.bob.project, images=LIMIT)
        waiting = [upload for upload, outcome in zip(uploads, outcomes, strict=True) if outcome != DONE]
        outcomes = at_once(*(lambda upload=upload: begin(upload) for upload in waiting))
        assert sorted(outcomes) == [DONE] * 5 + ["quota-images"] * 30
        assert Image.objects.count() == Job.objects.count() == LIMIT

    def test_a_limit_that_is_lowered_meanwhile_holds_at_once(
        self, people: SimpleNamespace, image: Image
    ) -> None:
        """Everybody holds the project as it was read before; the limit that counts is the one in force."""
        operator = service_actor(people.bob.project)
        at_once(lambda: change_quotas(project=people.bob.project, quotas={"servers": 2}, actor=operator))
        people.bob.project.quotas = {}
        assert sorted(at_once(*[lambda: launch(people, image)] * 4)) == [DONE] * 2 + ["quota-servers"] * 2


@pytest.mark.slow(reason="a web server of its own")
@pytest.mark.django_db(transaction=True)
def test_of_thirty_requests_to_the_real_web_server_exactly_ten_start_a_server(
    people: SimpleNamespace, image: Image
) -> None:
    limit(people.bob.project, servers=LIMIT)
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    order = {"image": str(image.pk), "zone": "cn-north-4a", "flavor": flavor.pk, "system_disk_gb": 1, "data_disks_gb": [],
             "name": "web", "count": 1, "login": "none", "key_pair": None, "password_hash": "", "user_data": "#!",
             "auto_start": False}  # fmt: skip
    drafts = Draft.objects.bulk_create(
        Draft(wizard="launch", user=people.bob.user, project=people.bob.project, data=order)
        for _ in range(BROWSERS)
    )
    session = client_of(people.bob).cookies[settings.SESSION_COOKIE_NAME].value
    with WebServer() as server:

        def confirm(draft: Draft) -> int:
            return post(server.url + at(draft.project, f"/servers/create/{draft.pk}/"), session)

        with ThreadPoolExecutor(BROWSERS) as browsers:
            answers = list(browsers.map(confirm, drafts))

    assert sorted(answers) == [302] * LIMIT + [409] * (BROWSERS - LIMIT)
    assert Server.objects.count() == Job.objects.count() == LIMIT
    assert Event.objects.filter(code="quota-servers").count() == BROWSERS - LIMIT


def post(url: str, session: str) -> int:
    """Press a button, in a browser that is signed in."""
    token = "t" * 32
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"
    place = urlsplit(url)
    line = HTTPConnection(place.netloc, timeout=120)
    try:
        headers = {"Cookie": cookies, "X-CSRFToken": token, "Host": place.netloc}
        line.request("POST", place.path, b"", headers)
        return line.getresponse().status
    finally:
        line.close()


# freed -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
class TestWhatEndsIsFree:
    def test_a_cancelled_import_gives_back_its_storage(self, people: SimpleNamespace) -> None:
        upload = complete_upload_of(people.bob, 1)
        image = import_image(Import(upload=upload, name="a", type="system", min_disk_gb=1), actor=people.bob)
        assert used_by(people.bob.project)["store_bytes"] == 1
        cancel_job(Job.objects.get(), actor=people.bob)
        assert used_by(people.bob.project)["store_bytes"] == 0
        assert not Reservation.objects.exists()
        delete_image(image, actor=people.bob)
        assert used_by(people.bob.project)["images"] == 0

    def test_a_failed_server_counts_until_it_is_deleted(self, people: SimpleNamespace, image: Image) -> None:
        """It can be retried, and then must not find its place taken."""
        (server,) = launch(people, image)
        cancel_job(Job.objects.get(), actor=people.bob)
        assert used_by(people.bob.project)["servers"] == 1
        server.refresh_from_db()
        delete_server(server, delete_disks=True, actor=people.bob)
        run_jobs()
        used = used_by(people.bob.project)
        assert {used[name] for name in ("servers", "vcpus", "memory_mb", "disks", "disk_gb")} == {0}

    def test_a_refused_upload_takes_nothing(self, people: SimpleNamespace) -> None:
        upload = start_upload(name="a.raw", size_bytes=5, actor=people.bob)
        refuse_upload(upload, NoSpace(), actor=people.bob)
        assert used_by(people.bob.project)["upload_bytes"] == 0


# found out while it runs -----------------------------------------------------------------------------


@pytest.fixture
def run(people: SimpleNamespace) -> Run:
    """Of a job that has reserved 1000 bytes of the store."""
    image = factories.ImageFactory(project=people.bob.project)
    job = start_job(WriteFiles, image, actor=people.bob, reserves={"store_bytes": 1000})
    return Run(claim(str(job.pk), "test"))


@pytest.mark.django_db
def test_a_job_reserves_what_it_turns_out_to_need(people: SimpleNamespace, run: Run) -> None:
    limit(people.bob.project, store_bytes=1500)
    for wanted, reserved in ((1500, 1500), (900, 1500)):
        reserve_more(run, "store_bytes", wanted)
        assert used_by(people.bob.project)["store_bytes"] == reserved
    with pytest.raises(Refused, match="quota-store-bytes"):
        reserve_more(run, "store_bytes", 1501)
    reserve_more(Run(Job()), "store_bytes", 1501)  # of a job of the platform, which has no quota


@pytest.mark.django_db
def test_a_job_may_take_what_others_leave_of_a_quota(people: SimpleNamespace, run: Run) -> None:
    factories.ImageDiskFactory(image=Image.objects.get(), size_bytes=200)
    for quota, left in ((1500, 1300), (200, 1)):
        limit(people.bob.project, store_bytes=quota)
        assert left_for(Run(Job.objects.get()), "store_bytes") == left


@pytest.mark.django_db
def test_what_is_stored_takes_the_place_of_what_was_reserved(people: SimpleNamespace, run: Run) -> None:
    project = people.bob.project
    limit(project, store_bytes=1000)
    with registering(run):
        factories.ImageDiskFactory(image=Image.objects.get(), size_bytes=1000)
    assert used_by(project)["store_bytes"] == 1000
    limit(project, store_bytes=900)
    with registering(run):
        pass  # nothing is stored, so nothing is too much
    with pytest.raises(Conflict, match="store-quota-reached"), registering(run):
        factories.ImageDiskFactory(image=Image.objects.get(), index=1, size_bytes=1)
    limit(project)
    job = Job.objects.get()
    Reservation.objects.create(job=job, project=project, resource="store_bytes", amount=1000)
    assert used_by(project)["store_bytes"] == 2000, "both count, though they are as large"


# shown -----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_what_is_asked_for_is_counted(people: SimpleNamespace, django_assert_num_queries) -> None:
    with django_assert_num_queries(1):  # images, with what is reserved of them
        assert fits_quota(people.bob.project, {"images": 1})


@pytest.mark.django_db
def test_a_line_says_what_would_be_and_whether_it_fits(people: SimpleNamespace) -> None:
    limit(people.bob.project, images=4)
    factories.ImageFactory(project=people.bob.project)
    (fits,) = quota_lines(people.bob.project, {"images": 3})
    (over,) = quota_lines(people.bob.project, {"images": 4})
    assert (fits.used, fits.after, fits.fits, fits.percent) == (1, 4, True, 100)
    assert (over.after, over.fits, over.percent) == (5, False, 100)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["alice", "bob", "dave"])
def test_the_order_of_servers_says_what_it_takes(people: SimpleNamespace, image: Image, name: str) -> None:
    limit(people.bob.project, servers=2)
    client = client_of(getattr(people, name))
    factories.FlavorFactory()
    page = client.get("/servers/create/", {"image": image.pk}).content.decode()
    assert "0 → 1 of 2" in page
    typed = {"action": "refresh", "image": image.pk, "flavor": "s6-small-1", "count": "3"}
    typed |= {"system_disk_gb": "5", "data_disks": "1", "data_disk_1": "7"}
    page = client.post("/servers/create/", typed, headers={"HX-Request": "true"}).content.decode()
    assert 'hx-swap-oob="true"' in page
    assert "0 → 3: only 2 are allowed" in page
    assert "0 → 36 of 40960" in page


@pytest.mark.django_db
@pytest.mark.parametrize("count", ["", "x", "-1", "9" * 400])
def test_a_number_that_cannot_be_read_counts_nothing(
    people: SimpleNamespace, image: Image, count: str
) -> None:
    typed = {"action": "refresh", "image": image.pk, "count": count, "system_disk_gb": count}
    response = client_of(people.bob).post("/servers/create/", typed)
    assert response.status_code == 200
    assert "0 / 100" in response.content.decode()


@pytest.mark.django_db
def test_the_import_says_what_it_takes(people: SimpleNamespace) -> None:
    factories.ImageFactory(project=people.bob.project)
    page = client_of(people.bob).get("/images/create/").content.decode()
    assert "1 → 2 of 100" in page
    assert "0 B / 256 GiB" in page
