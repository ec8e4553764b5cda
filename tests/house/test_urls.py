"""Every address × everybody: a read-only member, another account, nobody; an administrator in `test_hostile_values`."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from imsconsole.accounts.access import ViewKind
from imsconsole.accounts.models import Draft, SavedView
from imsconsole.audit.models import Event
from imsconsole.audit.refusals import forget_unwritten
from imsconsole.core.now import now
from imsconsole.jobs.models import ClockEntry, Job
from imsconsole.notifications.models import Message
from market.models import Picture
from sharing.models import Recipient
from tests import factories
from tests.conftest import HTMX, client_of
from tests.support.walks import stop

OTHERS = (
    "admin/",
    "accounts/",
    "i18n/",
)  # Django's and allauth's, tested by them; their settings in tests/accounts
PUBLIC = {
    "healthz",
    "healthz-live",
    "healthz-ready",
    "metrics",
    "metrics-here",
    "messages:bell",
    "set-language",
    "invitation",
    "buckets:linked",
}
OWN = {
    "me",
    "set-language",
    "leave-account",
    "withdraw-invitation",
    "messages:list",
    "messages:bell",
    "messages:read-all",
    "messages:read",
    "messages:open",
    "save-view",
    "choose-columns",
}  # of a person, not of a project
SECRET = "acme-secret"


def addresses() -> list[tuple[str, tuple[str, ...]]]:
    """Every named address with the names of its places."""

    def walk(
        resolver: URLResolver, prefix: str = "", namespace: str = ""
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        for entry in resolver.url_patterns:
            path = prefix + str(entry.pattern)
            if path.startswith(OTHERS):
                continue
            if isinstance(entry, URLResolver):
                yield from walk(
                    entry, path, f"{namespace}{entry.namespace}:" if entry.namespace else namespace
                )
            elif isinstance(entry, URLPattern) and entry.name:
                yield namespace + entry.name, tuple(entry.pattern.converters)

    return sorted(walk(get_resolver()))


ADDRESSES = addresses()
OURS = ("images.", "imsconsole.", "market.", "sharing.")


def views() -> Iterator[Callable[..., HttpResponseBase]]:
    """Every view of ours that has an address."""

    def walk(resolver: URLResolver) -> Iterator[Callable[..., HttpResponseBase]]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry) if entry.app_name != "admin" else ()
            elif entry.callback.__module__.startswith(OURS):
                yield entry.callback

    return walk(get_resolver())


@pytest.fixture
def things(people: SimpleNamespace) -> dict[str, Any]:
    """One of each thing of Alice's project, by the name of the place in the address."""
    project = people.alice.project
    image = factories.ImageFactory(project=project, name=f"{SECRET}-image")
    factories.ImageDiskFactory(image=image)
    server = factories.ServerFactory(project=project, image=image, name=f"{SECRET}-server")
    disk = factories.DiskFactory(
        server=server,
        name=f"{SECRET}-disk",
        beside=True,
        status="kept",
        kept_until="2100-01-01T00:00Z",
    )
    job = Job.objects.create(
        kind="image.import", path="images.create.jobs.ImportImage", queue="bulk", project=project, user=people.alice.user,
        subject_kind="image", subject_id=image.pk, subject_name=f"{SECRET}-image", state=Job.State.FAILED,
    )  # fmt: skip
    draft = Draft.objects.create(
        wizard="create", user=people.alice.user, project=project, data={"name": SECRET}
    )
    stored = factories.BucketObjectFactory(
        bucket=factories.BucketFactory(project=project, name=f"{SECRET}-bucket"), key=f"{SECRET}/disk.raw"
    )
    view = SavedView.objects.create(
        user=people.alice.user, project=project, room="images", name=SECRET, query="tab=private"
    )
    ClockEntry.objects.create(name="a.clock", due_at=now(), started_at=now())  # a worker is there
    key = factories.KeyFactory(project=project, name=f"{SECRET}-kms")
    vault = factories.VaultFactory(project=project, name=f"{SECRET}-vault")
    backup = factories.BackupFactory(project=project, vault=vault, name=f"{SECRET}-backup", image=image)
    factories.BackupDiskFactory(backup=backup, name=f"{SECRET}-stored")
    publisher = factories.PublisherFactory(
        account=project.account, name=f"{SECRET}-publisher", state="applied"
    )
    draft_listing = factories.ListingVersionFactory(
        listing__project=project,
        listing__publisher=publisher,
        title=f"{SECRET}-listing",
        state="draft",
        published_at=None,
    )
    picture = Picture.objects.create(version_of=draft_listing, width=1, height=1, content=SECRET.encode())
    received = factories.ImageFactory(project=factories.ProjectFactory(region=project.region))
    return {
        "share_id": factories.ShareFactory(image=received, project=project).pk,
        "key_id": key.pk,
        "publisher_id": publisher.pk,
        "listing_id": draft_listing.listing_id,
        "version_id": draft_listing.pk,
        "picture_id": picture.pk,
        "agency_id": factories.AgencyFactory(
            project=project,
            grantee=factories.ProjectFactory(
                account=project.account,
                region=factories.RegionFactory(code="cn-east-3"),
                name=f"{SECRET}-far",
            ),
        ).pk,
        "grant_id": factories.KeyGrantFactory(key=key).pk,
        "vault_id": backup.vault_id,
        "schedule_id": factories.BackupScheduleFactory(
            project=project, vault=vault, name=f"{SECRET}-schedule", servers=[server]
        ).pk,
        "backup_id": backup.pk,
        "room": "images",
        "view_id": view.pk,
        "image_id": image.pk,
        "download_id": factories.DownloadFactory(project=project, image=image, name=f"{SECRET}.vmdk").pk,
        "recipient_id": Recipient.objects.create(owner=project, project=received.project).pk,
        "server_id": server.pk,
        "disk_id": disk.pk,
        "job_id": job.pk,
        "subject_id": image.pk,
        "draft_id": draft.pk,
        "step": "details",
        "page": "import",
        "key_pair_id": factories.KeyPairFactory(project=project, name=f"{SECRET}-key").pk,
        "user_data_id": factories.UserDataFactory(project=project, name=f"{SECRET}-data", text=SECRET).pk,
        "bucket_id": stored.bucket_id,
        "object_id": stored.pk,
        "token": "no-such-token",
        "upload_id": factories.UploadFactory(
            project=project, user=people.alice.user, name=f"{SECRET}.raw", expires_at="2100-01-01T00:00Z"
        ).pk,
        "message_id": Message.objects.create(
            user=people.alice.user, project=project, code="job-finished", values={"name": SECRET}
        ).pk,
        "secret": "no-such-secret",
        "pk": people.alice.user.memberships.get().pk,
    }


def url_of(name: str, places: tuple[str, ...], things: dict[str, Any]) -> str:
    kwargs = {place: things[place] for place in places}
    if name == "withdraw-invitation":
        kwargs["pk"] = UUID(int=0)
    return reverse(name, kwargs=kwargs)


def text_of(response: HttpResponseBase) -> str:
    streaming = getattr(response, "streaming_content", None)
    content = b"".join(streaming) if streaming is not None else response.content  # type: ignore[attr-defined]
    return content.decode(errors="replace")


def test_every_view_says_in_one_line_how_it_may_be_asked_and_by_whom() -> None:
    of_a_kind = [view for view in views() if isinstance(vars(view).get("kind"), ViewKind)]
    assert len(of_a_kind) > 150
    assert [view.__name__ for view in views() if view not in of_a_kind] == []


@pytest.mark.pages
@pytest.mark.slow(reason="every address is asked for")
def test_nobody_is_led_to_sign_in(things: dict[str, Any], subtests: pytest.Subtests) -> None:
    client = client_of(None)
    for name, places in ADDRESSES:
        with stop(subtests, name):
            url = url_of(name, places, things)
            for response in (client.get(url), client.post(url)):
                if name in PUBLIC:
                    assert response.status_code < 500
                else:
                    assert response.status_code in (302, 405)
                    assert response.get("Location", "/accounts/login/").startswith("/accounts/login/")
                assert SECRET not in text_of(response)
                assert response["Cache-Control"] == "no-store"


@pytest.mark.pages
@pytest.mark.slow(reason="every page of the console is asked for, and every form that names something")
def test_another_account_sees_and_changes_nothing_of_ours(
    things: dict[str, Any], people: SimpleNamespace, subtests: pytest.Subtests
) -> None:
    """In fragments; one page of what is not there, and one of their own, is looked at whole.

    Forms whose page names nothing of ours have nothing of ours to change.
    """
    client = client_of(people.carol)
    page = client.get(reverse("images:detail", args=[things["image_id"]]))
    assert (page.status_code, SECRET in text_of(page)) == (404, False)
    page = client.get(reverse("images:list"))
    assert (page.status_code, SECRET in text_of(page)) == (200, False)
    for name, places in ADDRESSES:
        with stop(subtests, name):
            url = url_of(name, places, things)
            answers = [client.get(url, headers=HTMX)]
            if places or answers[0].status_code == 405:
                answers.append(client.post(url, headers=HTMX))
            assert [SECRET in text_of(each) for each in answers] == [False] * len(answers)
            statuses = {each.status_code for each in answers}
            assert max(statuses) < 500
            if set(places) - {"secret", "subject_id", "room", "page"}:
                assert statuses <= {404, 405}
            assert not Event.objects.filter(user=people.carol.user, account=people.alice.account).exists()


@pytest.mark.slow(reason="every page of the console is drawn, and every form sent")
def test_a_read_only_member_gets_an_answer_and_changes_nothing(
    things: dict[str, Any], people: SimpleNamespace, subtests: pytest.Subtests
) -> None:
    """Without the frame of its pages. An administrator gets them whole: `test_hostile_values`. Who has full access is in between."""
    client = client_of(people.dave)
    for name, places in ADDRESSES:
        forget_unwritten()  # what the address before was refused
        with stop(subtests, name):
            url = url_of(name, places, things)
            response = client.get(url, headers=HTMX)
            assert response.status_code < 500
            assert response["Cache-Control"] == "no-store"
            assert not Event.objects.exists(), "reading changes nothing"
            if name not in OWN:
                response = client.post(url, {"name": "changed", "confirm": "on"}, headers=HTMX)
                assert response.status_code < 500
                done = Event.objects.filter(user=people.dave.user, result=Event.Result.NORMAL)
                assert list(done.values_list("action", flat=True)) == []
