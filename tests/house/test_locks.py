"""Every service holds its rows in the one order (`imsconsole.core.locks`), as `tests/support/lock_order.py` sees it.

That watches every other test as well: their branches, jobs and pages.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from images.adopt.rows import described
from images.adopt.services import adopt_image, look_for_images
from images.capture.full.services import capture_full
from images.capture.services import capture_data_disks
from images.create.from_object.services import take_object
from images.delete import services as delete
from images.download.services import discard_download, note_download, prepare_download
from images.fetch.services import fetch_url
from images.models import CloudImage, Image, OsVersion
from images.modify.services import TAGS
from images.os.services import change_os_version, create_os_version, delete_os_version
from images.public import services as public
from images.public.platform import platform_actor
from images.restore.services import restore_to_new_server
from images.uploads.services import complete_upload, examine_upload, refuse_upload, start_upload
from imsconsole.accounts.actor import Actor, Operator
from imsconsole.accounts.log import service
from imsconsole.accounts.models import (
    Account,
    AvailabilityZone,
    Draft,
    Invitation,
    Project,
    Region,
    SlowedSignIn,
    User,
)
from imsconsole.accounts.services import (
    accounts,
    agencies,
    invitations,
    members,
    places,
    projects,
    saved_views,
    users,
)
from imsconsole.cloud.backups.services import create_legacy_backup
from imsconsole.cloud.disks.services import TAGS as disk_tags
from imsconsole.cloud.flavors import services as flavors
from imsconsole.cloud.keys import services as keys
from imsconsole.cloud.models import AccountCloud, Flavor
from imsconsole.cloud.regions import services as regions
from imsconsole.cloud.schedules import services as schedules
from imsconsole.cloud.schedules.running import run_schedules
from imsconsole.cloud.screens.services import open_screen, open_serial_console
from imsconsole.cloud.servers.services import TAGS as server_tags
from imsconsole.cloud.user_data import services as user_data
from imsconsole.core.actions import Action, always
from imsconsole.core.errors import NoSpace
from imsconsole.core.locks import ORDER, locked_all
from imsconsole.core.now import now
from imsconsole.demo.images import DEBIAN
from imsconsole.engine.types import Found, PublicImage, StoredDisk
from market.listings import services as listings
from market.pictures import Remade
from market.publishers import services as publishers
from market.review import services as review
from market.shop.services import accept_terms
from sharing.ending import services as ending
from sharing.ending.copies.services import give_copy
from sharing.models import Recipient
from sharing.share.services import forget_recipient
from tests import factories
from tests.cloud.buckets.making import stored
from tests.cloud.disks.disks import free_disk
from tests.conftest import client_of
from tests.house.test_agreement import (
    SUBJECTS,
    Asked,
    Subject,
    a_backup,
    a_listing,
    a_server,
    an_image,
    made,
    typed_for,
    undone,
)
from tests.house.test_services import ROOMS, public_functions, service_modules
from tests.support import lock_order

pytestmark = pytest.mark.django_db
DOC = Path(__file__).parents[2] / "imsconsole/docs/architecture.md"
TOMORROW = timedelta(days=1)


@pytest.mark.slow(reason="every service is called")
def test_every_service_holds_its_rows_in_the_order(people: SimpleNamespace, operator: User) -> None:
    lock_order.services.clear()
    for subject in SUBJECTS.values():
        press_each(subject, people.alice)
    for story in STORIES:
        with undone():
            story(people, Operator(operator))
    assert [name for name, service in every_service() if service not in lock_order.services] == []
    assert lock_order.complaints == []


def every_service() -> Iterator[tuple[str, Callable[..., Any]]]:
    """By name; without what `@service` makes of it."""
    for module in service_modules():
        for function in public_functions(module):
            inner: Any = function
            while hasattr(inner, "__wrapped__"):
                inner = inner.__wrapped__
            yield f"{module}.{function.__name__}", inner


def press_each(subject: Subject, actor: Actor) -> None:
    """Every button of a subject, in the first state in which it may be pressed."""
    pressed: list[Action] = []
    for state in subject.states:
        with undone():
            thing = made(subject, state, actor)
            for action in subject.actions:
                label = str(action.label)
                if action.rule is always or label in subject.ways or action in pressed:
                    continue
                asked = Asked.of(subject, action, thing, actor)
                if asked.verdict and asked.is_shown:
                    pressed.append(action)
                    with undone():
                        press(subject, action, thing, actor)


def press(subject: Subject, action: Action, thing: Any, actor: Actor) -> None:
    if service := subject.services.get(str(action.label)):
        service(thing, actor)
    else:
        answer = client_of(actor).post(action.address(thing), typed_for(subject, action))
        assert answer.status_code in (200, 302)


def test_the_order_is_the_one_in_the_doc() -> None:
    written = " ".join(DOC.read_text().split())
    assert " → ".join(kind.partition(".")[2] for kind in ORDER) in written


def test_rows_are_locked_in_one_way() -> None:
    """But for a job's fence, which is no lock of a thing."""
    asking = [
        str(path.relative_to(DOC.parents[2]))
        for room in ROOMS
        for path in Path(room.__path__[0]).rglob("*.py")
        if "select_for_update" in path.read_text()
    ]
    assert sorted(asking) == ["imsconsole/core/locks.py", "imsconsole/jobs/run.py"]


# the watch itself -------------------------------------------------------------------------------------


@service("updateImage")
def holding(*asked: Callable[[], object], actor: Actor) -> None:
    for ask in asked:
        ask()


def test_the_watch_sees_what_is_out_of_order(people: SimpleNamespace) -> None:
    image, other, actor = *factories.ImageFactory.create_batch(2, project=people.bob.project), people.bob
    one, both = Image.objects.filter(pk=image.pk), Image.objects.filter(pk__in=[image.pk, other.pk])
    project = Project.objects.filter(pk=actor.project.pk)
    for asked, complaint in (
        ([lambda: locked_all(project), lambda: locked_all(both), lambda: one.update(name="a")], ""),
        ([lambda: locked_all(both), lambda: locked_all(one), lambda: locked_all(both)], ""),
        ([lambda: locked_all(both), lambda: factories.ImageFactory(project=actor.project).save()], ""),
        (
            [lambda: locked_all(one), lambda: locked_all(project)],
            "accounts.Project is held after images.Image",
        ),
        ([lambda: one.update(name="a"), lambda: project.update(name="a")], "accounts.Project is held after"),
        ([lambda: locked_all(one), Draft.objects.all().delete], "accounts.Draft is held after"),
        ([lambda: locked_all(one), lambda: locked_all(both)], "images.Image is held once more"),
        ([lambda: list(both.select_for_update())], "several of images.Image are held in no order"),
        ([lambda: locked_all(Flavor.objects.all())], "cloud.Flavor has no place in the order"),
    ):
        holding(*asked, actor=actor)
        found, lock_order.complaints[:] = list(lock_order.complaints), []
        assert [each.startswith(complaint) for each in found] == [True] * bool(complaint), found


# services that no button of the agreement's table calls -----------------------------------------------


def accounts_and_places(people: SimpleNamespace, operator: Operator) -> None:
    account = accounts.create_account(account=Account(name="new"), actor=operator)
    accounts.rename_account(account=account, actor=operator)
    region = places.create_region(region=Region(code="eu-1", name="EU", name_zh="EU"), actor=operator)
    places.change_region(region=region, actor=operator)
    zone = places.create_zone(zone=AvailabilityZone(region=region, code="eu-1a", name="a"), actor=operator)
    places.change_zone(zone=zone, actor=operator)
    project = Project(account=account, region=region, name="new-project")
    projects.create_project(project=project, actor=operator)
    projects.rename_project(project=project, name="other", actor=operator)
    projects.change_quotas(project=project, quotas={"images": 1}, actor=operator)
    factories.KeyGrantFactory(grantee=project)
    projects.delete_project(project=project, actor=operator)
    places.delete_zone(zone=zone, actor=operator)
    places.delete_region(region=region, actor=operator)
    invitations.invite_member(secret="x", role="read-only", actor=people.alice)
    Invitation.objects.create(account=account, role="read-only", secret_sha256="0" * 64, expires_at=now())
    accounts.delete_account(account=account, actor=operator)


def people_and_users(people: SimpleNamespace, operator: Operator) -> None:
    user = users.create_user(user=User(username="eve"), actor=operator)
    users.change_user(user=user, actor=operator)
    users.reset_password(user=user, password="eve-password-1", actor=operator)
    users.remove_second_factor(user=user, actor=operator)
    users.unlock_user(user=user, actor=operator)
    users.forget_failed_sign_ins(slowed=SlowedSignIn.objects.create(), actor=operator)
    member = members.add_member(user=user, role="read-only", actor=people.alice)
    members.leave_account(membership=member, actor=Actor(user, people.alice.project, "read-only"))
    for secret in ("one", "two"):
        invitations.invite_member(secret=secret, role="read-only", actor=people.alice)
    first, second = Invitation.objects.all()
    invitations.withdraw_invitation(invitation=first, actor=people.alice)
    invitations.accept_invitation(invitation=second, actor=Actor(user, people.alice.project, "read-only"))


def views_and_agencies(people: SimpleNamespace, _operator: Operator) -> None:
    view = saved_views.save_view(room="images", name="mine", query="", actor=people.alice)
    saved_views.change_view(view, name="ours", shared=True, actor=people.alice)
    saved_views.set_default_view(view, is_default=True, actor=people.alice)
    saved_views.delete_view(view, actor=people.alice)
    far = factories.ProjectFactory(
        account=people.alice.account, region=factories.RegionFactory(code="cn-east-3")
    )
    agencies.revoke_agency(agencies.create_agency(grantee=far, actor=people.alice), actor=people.alice)


def clouds(people: SimpleNamespace, operator: Operator) -> None:
    region = Region(code="sky-1", name="Sky", engine="openstack", cloud="sky")
    region = places.create_region(region=region, actor=operator)
    regions.check_region(region=region, actor=operator)
    use = {name: getattr(region, name) for name in regions.USED}
    regions.map_region(region=region, use=use, flavors={}, zones={}, actor=operator)
    row = AccountCloud(region=region, account=people.alice.account, cloud="her-own")
    row = regions.create_account_cloud(account_cloud=row, actor=operator)
    regions.change_account_cloud(account_cloud=row, actor=operator)
    regions.delete_account_cloud(account_cloud=row, actor=operator)
    actor = platform_actor(operator.user)
    look_for_images(actor=actor)
    stored = StoredDisk("d.d", "qcow2", 1, 1, "sha512:ab")
    found = described(PublicImage("d", "Debian of the cloud", "qcow2", 1), stored)
    adopt_image(CloudImage.objects.create(region=people.bob.region, cloud_id="d", **found), actor=actor)
    regions.leave_region(region=region, actor=operator)


def cloud(people: SimpleNamespace, operator: Operator) -> None:
    alice = people.alice
    flavor = flavors.create_flavor(flavor=Flavor(name="new", vcpus=1, memory_mb=1), actor=operator)
    flavors.hide_flavor(flavor=flavor, hidden=True, actor=operator)
    flavors.delete_flavor(flavor=flavor, actor=operator)
    running = a_server(alice, status="running")
    server_tags.change(running, tags={"new": ""}, actor=alice)
    disk_tags.change(free_disk(alice, zone=running.zone), tags={"new": ""}, actor=alice)
    open_screen(running, session_key="key", origin="https://localhost", actor=alice)
    open_serial_console(running, session_key="key", origin="https://localhost", actor=alice)
    create_legacy_backup(a_server(alice), name="legacy", actor=alice)
    vault = factories.VaultFactory(project=alice.project)
    plan = schedules.Plan("s", vault, [a_server(alice)], [], 2, "UTC", 1)
    schedule = schedules.create_schedule(plan, actor=alice)
    schedules.edit_schedule(schedule, plan, actor=alice)
    schedules.run_schedule(schedule, actor=alice)
    run_schedules()
    schedules.pause_schedule(schedule, actor=alice)
    schedules.resume_schedule(schedule, actor=alice)
    schedules.delete_schedule(schedule, actor=alice)
    capture_full(a_server(alice), vault=vault, name="whole", actor=alice)
    capture_data_disks({free_disk(alice, zone=running.zone).pk: "data"}, actor=alice)
    small = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    pair = factories.KeyPairFactory(project=alice.project)
    restore_to_new_server(a_backup(alice), name="new", flavor=small, key_pair=pair, actor=alice)
    saved = user_data.create_user_data(name="setup", text="#!", actor=alice)
    user_data.delete_user_data(user_data.edit_user_data(saved, name="b", text="", actor=alice), actor=alice)
    keys.create_default_key(actor=alice)
    due = factories.KeyFactory(project=alice.project, state="pending-deletion", delete_at=now() - TOMORROW)
    factories.KeyGrantFactory(key=due)
    keys.delete_due_key(due, actor=alice)


def images_and_uploads(people: SimpleNamespace, operator: Operator) -> None:
    alice = people.alice
    os_version = OsVersion(name="New 1.0", os_type="Linux", platform="Debian", version="1")
    create_os_version(os_version=os_version, actor=operator)
    change_os_version(os_version=os_version, actor=operator)
    delete_os_version(os_version=os_version, actor=operator)
    image = an_image(alice)
    delete.plan_deletion(image, at=now(), actor=alice)
    delete.withdraw_deletion(image, actor=alice)
    delete.plan_deletion(image, at=now(), actor=alice)
    delete.delete_due_image(image, actor=alice)
    image = an_image(alice)
    note_download(image, name="disk.qcow2", actor=alice)
    made = prepare_download(image, format="raw", actor=alice)
    type(made).objects.update(state="ready")
    discard_download(made, actor=alice)
    image.tags.create(key="old")
    TAGS.change(image, tags={"new": ""}, actor=alice)
    upload = start_upload(name="disk.raw", size_bytes=512, actor=alice)
    found = Found(format="raw", virtual_size_bytes=512, size_bytes=512, sha256="0" * 64)
    complete_upload(upload, found, actor=alice)
    refuse_upload(upload, NoSpace(), actor=alice)
    upload = start_upload(name="disk.raw", size_bytes=512, actor=alice)
    examine_upload(upload, received_bytes=512, actor=alice)
    fetch_url("https://example.org/disk.qcow2", actor=alice)
    take_object(stored(factories.BucketFactory(project=alice.project), alice), actor=alice)


def public_images(people: SimpleNamespace, operator: Operator) -> None:
    actor = platform_actor(operator.user)
    old, new = (factories.PublicImageFactory(name=name, region=people.alice.region) for name in ("a", "b"))
    turns = (public.hide_image, public.show_image, public.unprotect_image, public.protect_image)
    for turn in (*turns, public.release_image, public.withhold_image):
        turn(old, actor=actor)
    public.deprecate_image(old, on=now().date(), successor=new, actor=actor)
    public.undeprecate_image(old, actor=actor)
    public.write_release_note(images=[old], published_on=now().date(), text="new", actor=actor)
    public.fetch_public_image(key=DEBIAN, actor=actor)


def shares(people: SimpleNamespace, _operator: Operator) -> None:
    given = [
        factories.ShareFactory(image=an_image(people.alice, name=f"given-{n}"), status="accepted")
        for n in range(3)
    ]
    recipient = Recipient.objects.create(owner=people.alice.project, project=given[0].project)
    forget_recipient(recipient, actor=people.alice)
    ending.give_notice(given[0], ends_at=now() + 8 * TOMORROW, actor=people.alice)
    type(given[0]).objects.filter(pk=given[0].pk).update(ends_at=now() - TOMORROW)
    ending.end_due_share(given[0], actor=people.alice)
    ending.end_copied_share(given[1], actor=people.alice)
    given[2].copy = factories.ImageFactory(project=given[2].project, status="killed", name="tried")
    given[2].save()
    give_copy(given[2], actor=people.alice)


def the_market(people: SimpleNamespace, operator: Operator) -> None:
    about = {"description": "", "contact": "us@acme.test"}
    publisher = publishers.apply_as_publisher(name="Acme", **about, actor=people.alice)
    publishers.reject_publisher(publisher, reason="No.", actor=operator)
    publishers.approve_publisher(publisher, actor=operator)
    publishers.edit_publisher(**about, actor=people.alice)
    draft = a_listing(people.alice, "draft").latest
    picture = Remade(content=b"png", width=1, height=1)
    listings.remove_picture(
        listings.add_picture(draft, picture, actor=people.alice).pictures.get(), actor=people.alice
    )
    for decide in (
        review.approve_version,
        lambda *args, **who: review.reject_version(*args, reason="No.", **who),
    ):
        decide(a_listing(people.alice, "in-review").latest, actor=operator)
    published = a_listing(people.alice, "published").latest
    accept_terms(published, actor=people.carol)
    review.delete_edition(factories.EditionFactory(version_of=published), actor=people.alice)
    publishers.suspend_publisher(publisher, reason="No.", actor=operator)


STORIES = (
    clouds,
    accounts_and_places,
    people_and_users,
    views_and_agencies,
    cloud,
    images_and_uploads,
    public_images,
    shares,
    the_market,
)
