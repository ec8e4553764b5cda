"""Three projects do what comes to their minds; who sees and uses an image is always what was agreed (hypothesis)."""

from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from images.change_os.services import change_os
from images.copy.services import copy_image
from images.delete.clock import delete_due_images
from images.delete.services import delete_image, plan_deletion, restore_image, withdraw_deletion
from images.launch.services import create_servers
from images.models import OFFERED, Image
from imsconsole.accounts.actor import service_actor
from imsconsole.cloud.models import Server
from imsconsole.core import now as clock
from imsconsole.core.errors import ImsError
from imsconsole.core.now import now
from imsconsole.jobs.models import Job
from market.listings.services import submit_version, withdraw_listing
from market.models import Listing, ListingVersion
from sharing.ending.clock import end_due_shares
from sharing.ending.copies.jobs import GiveCopy
from sharing.ending.copies.services import give_copy
from sharing.ending.services import give_notice, stop_sharing, withdraw_notice
from sharing.inbox.services import accept_share, reject_share
from sharing.models import Share
from sharing.share.services import share_image
from tests import factories
from tests.support.sweep import is_whole

WHO = st.integers(0, 2)
WHICH = st.integers(0, 1)


class ThreeProjects(RuleBasedStateMachine):
    """Projects 0, 1 and 2; project 0 owns image 0, project 1 image 1.

    `agreed` says what was agreed: (image, receiver) → status; `until` the day that was named; `going` the images
    that the clock is to delete.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world = transaction.atomic()
        self.world.__enter__()
        region = factories.RegionFactory()
        factories.ZoneFactory(region=region)
        self.flavor = factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=1)
        self.actors = [service_actor(factories.ProjectFactory(region=region)) for _ in range(3)]
        self.images = [self._image(owner) for owner in (0, 1)]
        self.in_trash = [False, False]
        self.going = [False, False]
        self.versions = [self._version(image) for image in self.images]
        self.agreed: dict[tuple[int, int], str] = {}
        self.until: dict[tuple[int, int], datetime] = {}
        self.servers: dict[object, int] = {}
        self.copies = [0, 0, 0]
        self.number = 0
        for who in (1, 2):  # they begin with something to lose
            self.share(0, 0, who)
            self.accept(0, who)
        self.offer(1)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.world.__exit__(None, None, None)
        clock.reset()

    def _image(self, owner: int) -> Image:
        image = factories.ImageFactory(project=self.actors[owner].project, os_version=None)
        factories.ImageDiskFactory(image=image)
        return image

    def _version(self, image: Image) -> ListingVersion:
        """What its owner offers on the market of it, a draft still."""
        return factories.ListingVersionFactory(listing__project=image.project, image=image, state="draft")

    # what must come of it

    def has(self, which: int, who: int) -> bool:
        """Whether a project may use an image now."""
        return not self.in_trash[which] and (which == who or self.agreed.get((which, who)) == "accepted")

    def published(self, which: int) -> bool:
        return self.versions[which].state == "published"

    def living(self, which: int, who: int) -> bool:
        return not self.in_trash[which] and (which, who) in self.agreed

    def does(self, call, expected: bool) -> bool:
        """It works when it should, and is refused in a sentence when not."""
        try:
            with transaction.atomic():
                call()
            works = True
        except ImsError:
            works = False
        assert works == expected
        Job.objects.update(state=Job.State.DONE)
        return works

    def share_of(self, which: int, who: int) -> Share:
        """The share there is or was; else one that never was."""
        rows = Share.objects.filter(image=self.images[which], project=self.actors[who].project)
        return rows.order_by("ended_at").last() or Share(image=self.images[which])

    def share_living(self, which: int, who: int) -> Share:
        rows = Share.objects.filter(image=self.images[which], project=self.actors[who].project, ended_at=None)
        return rows.first() or self.share_of(which, who)

    # what they do

    @rule(which=WHICH, by=WHO, to=WHO)
    def share(self, which: int, by: int, to: int) -> None:
        may = by == which != to and not self.in_trash[which] and (which, to) not in self.agreed
        may = may and not self.going[which] and not self.published(which)
        project = self.actors[to].project
        if self.does(lambda: share_image(self.images[which], project=project, actor=self.actors[by]), may):
            self.agreed[which, to] = "pending"

    @rule(which=WHICH, who=WHO)
    def accept(self, which: int, who: int) -> None:
        may = self.living(which, who) and self.agreed[which, who] != "accepted" and not self.going[which]
        share = self.share_living(which, who)
        if self.does(lambda: accept_share(share, actor=self.actors[who]), may):
            self.agreed[which, who] = "accepted"

    @rule(which=WHICH, who=WHO)
    def reject(self, which: int, who: int) -> None:
        may = self.living(which, who) and self.agreed[which, who] != "rejected"
        share = self.share_living(which, who)
        if self.does(lambda: reject_share(share, actor=self.actors[who]), may):
            self.agreed[which, who] = "rejected"

    @rule(which=WHICH, to=WHO)
    def stop(self, which: int, to: int) -> None:
        share = self.share_living(which, to)
        if self.does(lambda: stop_sharing(share, actor=self.actors[which]), self.living(which, to)):
            self.forget(which, to)

    @rule(which=WHICH, to=WHO, by=WHO)
    def stop_as_a_stranger(self, which: int, to: int, by: int) -> None:
        if by != which:
            self.does(lambda: stop_sharing(self.share_living(which, to), actor=self.actors[by]), False)

    @rule(which=WHICH, to=WHO)
    def name_a_day(self, which: int, to: int) -> None:
        may = self.living(which, to) and self.agreed[which, to] == "accepted"
        share, day = self.share_living(which, to), now() + timedelta(days=2)
        if self.does(lambda: give_notice(share, ends_at=day, actor=self.actors[which]), may):
            self.until[which, to] = day

    @rule(which=WHICH, to=WHO)
    def go_on(self, which: int, to: int) -> None:
        may = self.living(which, to) and (which, to) in self.until and not self.going[which]
        share = self.share_living(which, to)
        if self.does(lambda: withdraw_notice(share, actor=self.actors[which]), may):
            del self.until[which, to]

    @rule()
    def a_day_goes_by(self) -> None:
        clock.move(timedelta(days=1))
        end_due_shares()
        for which, to in [pair for pair, day in self.until.items() if day <= now()]:
            self.forget(which, to)
        delete_due_images()
        for which in (0, 1):
            had = [status for (image, _to), status in self.agreed.items() if image == which]
            if self.going[which] and "accepted" not in had:
                self.in_trash[which], self.going[which] = True, False

    @rule(which=WHICH, who=WHO, from_all=st.booleans())
    def delete(self, which: int, who: int, from_all: bool) -> None:
        may = who == which and not self.in_trash[which] and not self.published(which)
        may = may and (from_all or not any(image == which for image, _to in self.agreed))
        call = partial(delete_image, self.images[which], from_all=from_all, actor=self.actors[who])
        if self.does(call, may):
            self.in_trash[which], self.going[which] = True, False

    @rule(which=WHICH, who=WHO)
    def plan_to_delete(self, which: int, who: int) -> None:
        may = who == which and not self.in_trash[which] and not self.published(which)
        call = partial(plan_deletion, self.images[which], at=now(), actor=self.actors[who])
        if self.does(call, may):
            self.going[which] = True

    @rule(which=WHICH, who=WHO)
    def keep(self, which: int, who: int) -> None:
        call = partial(withdraw_deletion, self.images[which], actor=self.actors[who])
        if self.does(call, who == which and self.going[which]):
            self.going[which] = False

    @rule(which=WHICH)
    def offer(self, which: int) -> None:
        shared = any(image == which for image, _to in self.agreed)
        may = not (shared or self.in_trash[which] or self.going[which] or self.published(which))
        version = self.versions[which]
        if self.does(lambda: submit_version(version, actor=self.actors[which]), may):
            version.state = "published"  # as the jobs and the operator make it
            version.save(update_fields=["state"])

    @rule(which=WHICH)
    def withdraw(self, which: int) -> None:
        listing = Listing.objects.get(pk=self.versions[which].listing_id)
        call = partial(withdraw_listing, listing, reason="Enough", actor=self.actors[which])
        if self.does(call, self.published(which)):
            self.versions[which] = self._version(self.images[which])

    @rule(which=WHICH, to=WHO, by=WHO)
    def give_a_copy(self, which: int, to: int, by: int) -> None:
        may = by == which and self.living(which, to) and self.agreed[which, to] == "accepted"
        share = self.share_living(which, to)
        if self.does(lambda: give_copy(share, actor=self.actors[by]), may):
            job = Job.objects.get(kind=GiveCopy.kind, subject_id=Share.objects.get(pk=share.pk).copy_id)
            GiveCopy().settle(job, Job.State.DONE)
            self.copies[to] += 1
            self.forget(which, to)

    @rule(which=WHICH, who=WHO)
    def restore(self, which: int, who: int) -> None:
        may = who == which and self.in_trash[which]
        if self.does(lambda: restore_image(self.images[which], actor=self.actors[who]), may):
            self.in_trash[which] = False

    @rule(which=WHICH, who=WHO)
    def launch(self, which: int, who: int) -> None:
        def call() -> None:
            self.number += 1
            (server,) = create_servers(
                image=self.images[which], flavor=self.flavor, name=f"s-{self.number}", user_data="#!",
                actor=self.actors[who],
            )  # fmt: skip
            self.servers[server.pk] = which

        if self.does(call, self.has(which, who)):
            Server.objects.filter(status="creating").update(status="stopped", ref="there")

    @precondition(lambda self: self.servers)
    @rule(which=WHICH, who=WHO)
    def change(self, which: int, who: int) -> None:
        server = Server.objects.filter(project=self.actors[who].project).first()
        if server is None:
            return

        def call() -> None:
            change_os(server, image=self.images[which], user_data="#!", actor=self.actors[who])

        if self.does(call, self.has(which, who)):
            server.disks.filter(beside=True).delete()
            Server.objects.filter(pk=server.pk).update(status="stopped", image=self.images[which])
            self.servers[server.pk] = which

    @rule(which=WHICH, who=WHO)
    def copy(self, which: int, who: int) -> None:
        def call() -> None:
            self.number += 1
            copy_image(self.images[which], name=f"c-{self.number}", actor=self.actors[who])

        if self.does(call, self.has(which, who)):
            self.copies[who] += 1

    def forget(self, which: int, to: int) -> None:
        del self.agreed[which, to]
        self.until.pop((which, to), None)

    # what always holds

    @invariant()
    def everybody_sees_what_was_agreed(self) -> None:
        for who, actor in enumerate(self.actors):
            seen = set(Image.objects.visible_to(actor).filter(pk__in=[image.pk for image in self.images]))
            assert seen == {image for which, image in enumerate(self.images) if self.has(which, who)}
            offers = Share.objects.received_by(actor).values_list("image", "status")
            assert sorted(offers) == sorted(
                (image.pk, self.agreed[which, who])
                for which, image in enumerate(self.images)
                if self.living(which, who)
            )

    @invariant()
    def what_is_offered_is_neither_shared_nor_deleted(self) -> None:
        offered = Image.objects.filter(offers__state__in=OFFERED)
        assert {image.pk for image in offered} == {
            image.pk for which, image in enumerate(self.images) if self.published(which)
        }
        assert not offered.exclude(status=Image.Status.ACTIVE, delete_at=None).exists()
        assert not Share.objects.filter(image__in=offered, ended_at=None).exists()

    @invariant()
    def servers_and_copies_stay_with_who_made_them(self) -> None:
        made = dict(Server.objects.existing().values_list("pk", "image"))
        assert made == {pk: self.images[which].pk for pk, which in self.servers.items()}
        for who, actor in enumerate(self.actors):
            originals = [image.pk for image in self.images]
            assert Image.objects.owned_by(actor).exclude(pk__in=originals).count() == self.copies[who]


@pytest.mark.slow(reason="hundreds of steps are made up")
@pytest.mark.django_db
def test_who_sees_and_uses_an_image_is_always_what_was_agreed() -> None:
    run_state_machine_as_test(
        ThreeProjects,
        settings=settings(
            max_examples=80 if is_whole() else 12,
            stateful_step_count=15,
            phases=[Phase.generate],  # a failure is short anyway, and shrinking it takes minutes
            suppress_health_check=list(HealthCheck),
        ),
    )
