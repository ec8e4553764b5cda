"""Two people at once on the same thing: one wins, the other reads a sentence; never an unexpected error.

Every pair is tried a few times, as one try rarely meets. `at_once` raises whatever is no expected error.
"""

from collections.abc import Callable
from functools import partial
from itertools import combinations_with_replacement
from types import SimpleNamespace
from typing import Any

import pytest

from images.create.rules import Import
from images.create.services import import_image
from images.delete.clock import empty_trashes
from images.delete.services import delete_image, purge_image, restore_image
from images.launch.services import create_servers
from images.models import Image, Upload
from images.modify.services import TAGS, modify_image
from images.uploads.services import discard_upload
from imsconsole.accounts.models import Membership, Role
from imsconsole.accounts.services.members import change_role, leave_account, remove_member
from imsconsole.accounts.services.saved_views import save_view, set_default_view
from imsconsole.cloud.key_pairs.services import create_key_pair, delete_key_pair, import_key_pair
from imsconsole.cloud.key_pairs.ssh_keys import new_key
from imsconsole.cloud.models import KeyPair, Server
from imsconsole.cloud.servers.jobs import CreateServer
from imsconsole.cloud.servers.services import (
    delete_server,
    reboot_server,
    rename_server,
    set_auto_start,
    start_server,
    stop_server,
)
from imsconsole.cloud.user_data.services import create_user_data, edit_user_data
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from imsconsole.jobs.quotas import lock_project
from imsconsole.jobs.run import Run
from imsconsole.jobs.runner import claim
from imsconsole.jobs.services import cancel_job, retry_job
from imsconsole.jobs.start import start_job
from tests import factories
from tests.jobs.test_quotas import complete_upload_of
from tests.support.at_once import DONE, at_once
from tests.support.workers import run_jobs

pytestmark = [
    pytest.mark.slow(reason="each pair meets several times"),
    pytest.mark.django_db(transaction=True),
]
ROUNDS = 4
Verb = Callable[..., Any]


def drop(server: Server, *, actor: Any) -> Server:
    return delete_server(server, delete_disks=True, actor=actor)


def rename(server: Server, *, actor: Any) -> Server:
    return rename_server(server, name=f"of-{actor.user}", actor=actor)


def switch(server: Server, *, actor: Any) -> Server:
    return set_auto_start(server, auto_start=True, actor=actor)


# servers ---------------------------------------------------------------------------------------------

EXCLUSIVE = {"running": (stop_server, reboot_server, drop), "stopped": (start_server, drop)}
PAIRS = [
    (begin, *pair) for begin, verbs in EXCLUSIVE.items() for pair in combinations_with_replacement(verbs, 2)
]


@pytest.mark.parametrize(("begin", "first", "second"), PAIRS)
def test_of_two_verbs_on_a_server_one_wins(
    people: SimpleNamespace, begin: str, first: Verb, second: Verb
) -> None:
    flavor = factories.FlavorFactory(memory_mb=1)
    for _ in range(ROUNDS):
        server = factories.ServerFactory(project=people.bob.project, status=begin, flavor=flavor)
        factories.DiskFactory(server=server)
        outcomes = at_once(
            lambda server=server: first(server, actor=people.alice),
            lambda server=server: second(server, actor=people.bob),
        )
        assert sorted(outcomes) == [DONE, "server-busy"]
        assert Job.objects.live().about(server.pk).count() == 1


@pytest.mark.parametrize("light", [rename, switch])
@pytest.mark.parametrize(
    ("begin", "verb"), [("running", stop_server), ("stopped", start_server), ("stopped", drop)]
)
def test_a_name_may_change_while_the_power_does(
    people: SimpleNamespace, begin: str, verb: Verb, light: Verb
) -> None:
    flavor = factories.FlavorFactory(memory_mb=1)
    for _ in range(ROUNDS):
        server = factories.ServerFactory(project=people.bob.project, status=begin, flavor=flavor)
        winner, other = at_once(
            lambda server=server: verb(server, actor=people.alice),
            lambda server=server: light(server, actor=people.bob),
        )
        assert winner == DONE
        assert other in (DONE, "server-busy")


def test_two_names_at_once_leave_one(people: SimpleNamespace) -> None:
    server = factories.ServerFactory(project=people.bob.project)
    assert at_once(
        lambda: rename(server, actor=people.alice), lambda: rename(server, actor=people.bob)
    ) == [DONE, DONE]  # fmt: skip
    server.refresh_from_db()
    assert server.name in ("of-alice", "of-bob")


def test_a_verb_and_the_end_of_a_job_do_not_wait_for_each_other(people: SimpleNamespace) -> None:
    """The worker settles a server while people press its buttons."""
    for _ in range(ROUNDS):
        server = factories.ServerFactory(project=people.bob.project, status="stopped", ref="")
        drop(server, actor=people.bob)
        outcomes = at_once(
            run_jobs,
            lambda server=server: drop(server, actor=people.alice),
            lambda server=server: rename(server, actor=people.bob),
        )
        assert outcomes[0] == DONE
        assert set(outcomes[1:]) <= {"server-busy", "not-found"}


# images ----------------------------------------------------------------------------------------------


def stored_image(project: Any) -> Image:
    image = factories.ImageFactory(project=project, os_version=None)
    factories.ImageDiskFactory(image=image)
    return image


def launch(image: Image, *, actor: Any, **wanted: Any) -> list[Server]:
    flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    return create_servers(actor=actor, image=image, flavor=flavor, name="web", user_data="#!", **wanted)


def test_of_two_who_delete_an_image_one_wins(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = stored_image(people.bob.project)
        outcomes = at_once(
            lambda image=image: delete_image(image, actor=people.alice),
            lambda image=image: delete_image(image, actor=people.bob),
        )
        assert sorted(outcomes) == ["deleted", DONE]
        assert not Job.objects.about(image.pk).exists()


def trashed_image(project: Any, **fields: Any) -> Image:
    image = stored_image(project)
    kept = {"status": "trashed", "status_before": "active", "kept_until": now(), **fields}
    Image.objects.filter(pk=image.pk).update(**kept)
    return image


def test_an_image_is_restored_or_deleted_for_ever(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = trashed_image(people.bob.project)
        outcomes = at_once(
            partial(restore_image, image, actor=people.alice),
            partial(purge_image, image, actor=people.bob),
            empty_trashes,
        )
        image.refresh_from_db()
        # the clock says nothing about what it could not delete
        assert outcomes[:2] in ([DONE, "not-in-trash"], ["not-in-trash", DONE], ["not-in-trash"] * 2)
        assert image.status == ("active" if outcomes[0] == DONE else "deleted")


def test_of_two_images_that_are_restored_under_one_name_one_is(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        two = [trashed_image(people.bob.project) for _ in range(2)]
        outcomes = at_once(
            *[partial(restore_image, image, name=f"same-{number}", actor=people.bob) for image in two]
        )
        assert sorted(outcomes) == [DONE, "image-name-taken"]


def test_of_two_images_that_are_restored_into_one_place_one_is(people: SimpleNamespace) -> None:
    project = people.bob.project
    for number in range(ROUNDS):
        two = [trashed_image(project) for _ in range(2)]
        project.quotas = {"images": number + 1}
        project.save(update_fields=["quotas"])
        outcomes = at_once(*[partial(restore_image, image, actor=people.bob) for image in two])
        assert sorted(outcomes) == [DONE, "quota-images"]


def test_an_image_is_restored_and_launched_or_not_there_yet(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = trashed_image(people.bob.project)
        outcomes = at_once(
            partial(restore_image, image, actor=people.alice),
            lambda image=image: launch(image, actor=people.bob),
        )
        assert outcomes in ([DONE, DONE], [DONE, "not-found"])


def test_an_image_is_deleted_or_makes_servers(people: SimpleNamespace) -> None:
    factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    for _ in range(ROUNDS):
        image = stored_image(people.bob.project)
        outcomes = at_once(
            lambda image=image: delete_image(image, actor=people.alice),
            lambda image=image: launch(image, actor=people.bob),
        )
        assert outcomes in ([DONE, "not-found"], ["launching", DONE])


def test_of_two_who_modify_an_image_one_wins(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = stored_image(people.bob.project)
        both = (people.alice, people.bob)
        outcomes = at_once(*[partial(modify, image, f"{actor.user}-{image.pk}", actor) for actor in both])
        assert sorted(outcomes) == ["conflict", DONE]


def modify(image: Image, name: str, actor: Any) -> Image:
    return modify_image(image, wanted={"name": name}, seen={"name": image.name}, actor=actor)


def test_of_two_images_that_get_one_name_one_does(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        two = [stored_image(people.bob.project) for _ in range(2)]
        outcomes = at_once(*[partial(modify, image, f"same-{number}", people.bob) for image in two])
        assert sorted(outcomes) == [DONE, "image-name-taken"]


def test_an_image_is_modified_or_deleted(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = stored_image(people.bob.project)
        outcomes = at_once(
            partial(delete_image, image, actor=people.alice),
            partial(modify, image, f"{image.pk}", people.bob),
        )
        assert outcomes in ([DONE, DONE], [DONE, "not-active"])
        image.refresh_from_db()
        assert image.status == "trashed"


def test_of_two_who_tag_an_image_one_wins(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        image = stored_image(people.bob.project)
        tag = partial(TAGS.change, image, seen={})
        outcomes = at_once(
            partial(tag, tags={"of": "alice"}, actor=people.alice),
            partial(tag, tags={"of": "bob"}, actor=people.bob),
        )
        assert sorted(outcomes) == ["conflict", DONE]
        assert image.tags.count() == 1


def test_of_two_imports_of_one_name_one_wins(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        uploads = [complete_upload_of(actor, number) for actor in (people.alice, people.bob)]
        outcomes = at_once(
            lambda uploads=uploads, name=f"{number}": make(uploads[0], people.alice, name),
            lambda uploads=uploads, name=f"{number}": make(uploads[1], people.bob, name),
        )
        assert sorted(outcomes) == [DONE, "image-name-taken"]


def make(upload: Upload, actor: Any, name: str) -> Image:
    return import_image(Import(upload=upload, name=name, type="system", min_disk_gb=1), actor=actor)


def test_an_upload_is_discarded_or_becomes_an_image(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        upload = complete_upload_of(people.bob, number)
        outcomes = at_once(
            lambda upload=upload: discard_upload(upload, actor=people.bob),
            lambda upload=upload, name=f"{number}": make(upload, people.bob, name),
        )
        assert outcomes in ([DONE, "upload-gone"], ["upload-in-use", DONE])


def test_an_upload_becomes_one_image_and_is_discarded_once(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        upload = complete_upload_of(people.bob, number)
        outcomes = at_once(
            lambda upload=upload, name=f"a{number}": make(upload, people.bob, name),
            lambda upload=upload, name=f"b{number}": make(upload, people.bob, name),
        )
        assert sorted(outcomes) == [DONE, "upload-in-use"]
        other = complete_upload_of(people.bob, number)
        outcomes = at_once(*[lambda other=other: discard_upload(other, actor=people.bob)] * 2)
        assert DONE in outcomes
        assert not Upload.objects.filter(pk=other.pk).exists()


# key pairs -------------------------------------------------------------------------------------------


def test_of_two_key_pairs_of_one_name_one_wins(people: SimpleNamespace) -> None:
    key, _private = new_key("x")
    for number in range(ROUNDS):
        outcomes = at_once(
            lambda name=f"key-{number}": create_key_pair(name=name, key=key, actor=people.alice),
            lambda name=f"key-{number}": import_key_pair(name=name, key=key, actor=people.bob),
        )
        assert sorted(outcomes) == [DONE, "key-pair-name"]


def test_of_two_pieces_of_user_data_of_one_name_one_wins(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        other = factories.UserDataFactory(project=people.bob.project)
        wanted = {"name": f"setup-{number}", "text": "#!"}
        outcomes = at_once(
            lambda wanted=wanted: create_user_data(**wanted, actor=people.alice),
            lambda wanted=wanted, other=other: edit_user_data(other, **wanted, actor=people.bob),
        )
        assert sorted(outcomes) == [DONE, "user-data-name"]


def test_of_two_who_delete_a_key_pair_one_wins(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        pair = factories.KeyPairFactory(project=people.bob.project)
        outcomes = at_once(
            lambda pair=pair: delete_key_pair(pair, actor=people.alice),
            lambda pair=pair: delete_key_pair(pair, actor=people.bob),
        )
        assert sorted(outcomes) == [DONE, "not-found"]


def test_a_key_pair_is_deleted_before_or_after_a_server_is_made_with_it(people: SimpleNamespace) -> None:
    factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    image = stored_image(people.bob.project)
    for _ in range(ROUNDS):
        pair = factories.KeyPairFactory(project=people.bob.project)
        deleted, made = at_once(
            lambda pair=pair: delete_key_pair(pair, actor=people.alice),
            lambda pair=pair: launch(image, actor=people.bob, key_pair=pair),
        )
        assert deleted == DONE
        assert made in (DONE, "key-pair-gone")
        if made == DONE:
            server = Server.objects.latest("created_at")
            assert (server.key_pair, server.ssh_key) == (None, pair.public_key)
    assert not KeyPair.objects.exists()


# jobs ------------------------------------------------------------------------------------------------


def failed_creation(people: SimpleNamespace) -> tuple[Server, Job]:
    """A server whose creation failed before it had begun: cancelled, then called failed."""
    server = factories.ServerFactory(project=people.bob.project, status="creating")
    factories.DiskFactory(server=server, status="creating")
    job = start_job(CreateServer, server, actor=people.bob, reserves={"store_bytes": 1}, image_ref="none")
    cancel_job(job, actor=people.bob)
    Job.objects.filter(pk=job.pk).update(state="failed", cancel_requested=False)
    return server, job


@pytest.mark.parametrize("verb", [cancel_job, retry_job])
def test_of_two_who_cancel_or_retry_a_job_one_wins(people: SimpleNamespace, verb: Verb) -> None:
    lost = {cancel_job: "job-ended", retry_job: "job-not-failed"}[verb]
    for _ in range(ROUNDS):
        _server, job = failed_creation(people)
        if verb is cancel_job:
            retry_job(job, actor=people.bob)
        outcomes = at_once(
            lambda job=job: verb(job, actor=people.alice), lambda job=job: verb(job, actor=people.bob)
        )
        assert sorted(outcomes) == [DONE, lost]


def test_a_failed_server_is_retried_or_deleted(people: SimpleNamespace) -> None:
    for _ in range(2 * ROUNDS):
        server, job = failed_creation(people)
        outcomes = at_once(
            lambda job=job: retry_job(job, actor=people.alice),
            lambda server=server: drop(server, actor=people.bob),
        )
        assert outcomes in ([DONE, "server-busy"], ["subject-busy", DONE], ["job-superseded", DONE])
        server.refresh_from_db()
        assert server.status == ("creating" if outcomes[0] == DONE else "deleting")
        assert Job.objects.live().about(server.pk).count() == 1


def test_a_job_is_cancelled_or_taken_up(people: SimpleNamespace) -> None:
    for _ in range(ROUNDS):
        _server, job = failed_creation(people)
        retry_job(job, actor=people.bob)
        at_once(
            lambda job=job: cancel_job(job, actor=people.alice), lambda job=job: claim(str(job.pk), "test")
        )
        job.refresh_from_db()
        assert (job.state, job.attempt, job.cancel_requested) in (
            ("cancelled", 0, True),
            ("running", 1, True),
        )


def test_a_retry_does_not_wait_for_a_worker_that_waits_for_it(people: SimpleNamespace) -> None:
    """A worker holds its job and asks for the project's quota; so does whoever retries."""
    _server, job = failed_creation(people)
    retry_job(job, actor=people.bob)
    run = Run(claim(str(job.pk), "test"))

    def register() -> None:
        with run.fenced():
            lock_project(people.bob.project)

    for _ in range(5 * ROUNDS):
        outcomes = at_once(register, *[lambda: retry_job(job, actor=people.alice)] * 3)
        assert outcomes == [DONE, *["job-not-failed"] * 3]


# people ----------------------------------------------------------------------------------------------


def test_an_account_keeps_an_administrator_whoever_leaves_at_once(people: SimpleNamespace) -> None:
    bob = Membership.objects.get(user=people.bob.user)
    alice = Membership.objects.get(user=people.alice.user)
    for _ in range(ROUNDS):
        Membership.objects.filter(pk__in=[alice.pk, bob.pk]).update(role=Role.ADMINISTRATOR)
        outcomes = at_once(
            lambda: change_role(membership=bob, role=Role.READ_ONLY, projects=(), actor=people.alice),
            lambda: change_role(membership=alice, role=Role.READ_ONLY, projects=(), actor=people.alice),
        )
        assert sorted(outcomes) == [DONE, "last-administrator"]
    Membership.objects.filter(pk__in=[alice.pk, bob.pk]).update(role=Role.ADMINISTRATOR)
    outcomes = at_once(
        lambda: leave_account(membership=bob, actor=people.bob),
        lambda: remove_member(membership=alice, actor=people.alice),
    )
    assert sorted(outcomes) == [DONE, "last-administrator"]


def test_of_two_who_remove_a_member_one_wins(people: SimpleNamespace) -> None:
    dave = Membership.objects.get(user=people.dave.user)
    outcomes = at_once(*[lambda: remove_member(membership=dave, actor=people.alice)] * 2)
    assert sorted(outcomes) == [DONE, "not-found"]


def test_members_change_while_servers_are_ordered(people: SimpleNamespace) -> None:
    """One holds the account and writes of the project, the other the reverse: neither waits for ever."""
    factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
    image, dave = stored_image(people.bob.project), Membership.objects.get(user=people.dave.user)

    def promote(role: str) -> Membership:
        return change_role(membership=dave, role=role, projects=(), actor=people.alice)

    for _ in range(ROUNDS):
        outcomes = at_once(
            lambda: promote(Role.READ_ONLY),
            lambda: launch(image, actor=people.bob),
            lambda: promote(Role.FULL_ACCESS),
            lambda: launch(image, actor=people.alice),
        )
        assert outcomes == [DONE] * 4


def test_of_two_views_of_one_name_one_wins(people: SimpleNamespace) -> None:
    for number in range(ROUNDS):
        save = partial(save_view, room="images", name=f"view-{number}", query="tab=private", actor=people.bob)
        assert sorted(at_once(save, save)) == [DONE, "view-name-taken"]


def test_a_list_opens_with_one_view_however_many_are_chosen_at_once(people: SimpleNamespace) -> None:
    views = [save_view(room="images", name=f"{n}", query="tab=private", actor=people.bob) for n in range(2)]
    for _ in range(ROUNDS):
        outcomes = at_once(
            *[lambda view=view: set_default_view(view, is_default=True, actor=people.bob) for view in views]
        )
        assert outcomes == [DONE, DONE]
        assert people.bob.user.default_views.count() == 1
