"""Who is told what, in which words."""

import pytest
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Membership, Role
from imsconsole.core.project_urls import bare
from imsconsole.core.sentences import explained, moment, translated
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_message_is_said_in_the_language_of_its_reader(people, tell):
    with translation.override("zh-hans"):  # the sender's does not matter
        values = {"job": translated(_("Jobs")), "name": "web-3", "why": explained("no-space", {})}
    message = tell(people.alice, "job-failed", values=values)

    with translation.override("en"):
        assert "“Jobs” of web-3 failed: The disk of the service is full." in message.sentence
    with translation.override("zh-hans"):
        assert "任务" in message.sentence
        assert "The disk" not in message.sentence


def test_a_time_is_said_in_the_zone_of_its_reader(people, tell):
    at = timezone.datetime(2026, 5, 1, 20, tzinfo=timezone.get_fixed_timezone(0))
    message = tell(people.alice, "kept-disk-expires", values={"name": "web-3", "until": moment(at)})

    with timezone.override("Asia/Shanghai"):
        assert "2 May 2026, 04:00" in message.sentence


def test_a_value_that_is_missing_is_a_dash_and_an_unknown_code_a_sentence(people, tell):
    assert "–" in tell(people.alice, "job-finished", values={}).sentence
    assert " " in tell(people.alice, "no-such-code").sentence


def test_what_is_rolled_back_was_never_said(people, tell):
    with transaction.atomic():
        tell(people.alice)
        transaction.set_rollback(True)
    assert not Message.objects.exists()


def test_under_a_key_nobody_is_told_twice_but_others_are(people):
    for to in ([people.alice.user], [people.alice.user, people.bob.user]):
        send("job-finished", to=to, once="key")
    send("job-finished", to=[people.alice.user], once="another")

    told = Message.objects.values_list("user__username", "once")
    assert sorted(told) == [("alice", "another"), ("alice", "key"), ("bob", "key")]


def test_members_are_those_who_may_enter_the_project(people):
    north = people.alice.project
    south = factories.ProjectFactory(account=north.account, region=factories.RegionFactory(code="south"))
    Membership.objects.get(user=people.bob.user).projects.add(south)
    people.dave.user.is_active = False
    people.dave.user.save()

    assert {user.username for user in members_of(north)} == {"alice"}
    assert {user.username for user in members_of(south)} == {"alice", "bob"}
    assert {user.username for user in members_of(south, Role.FULL_ACCESS)} == {"bob"}
    assert {user.username for user in members_of(people.carol.project)} == {"carol"}


def test_a_message_knows_the_page_of_what_it_is_about(people, tell):
    server = factories.ServerFactory(project=people.alice.project)
    assert bare(tell(people.alice, subject=("server", server.pk)).page) == server.get_absolute_url()
    assert tell(people.alice, subject=("thing", server.pk)).page == ""
    assert tell(people.alice).page == ""
