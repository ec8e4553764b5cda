"""E-mail about messages, and forgetting old ones."""

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django_tasks_db.models import DBTaskResult

from imsconsole.core import now as clock
from imsconsole.notifications.clock import forget_old_messages, mail_due_messages
from imsconsole.notifications.models import Message
from imsconsole.notifications.tasks import mail_messages
from tests import factories
from tests.conftest import client_of
from tests.support.clients import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(people):
    people.alice.user.mails_messages, people.alice.user.email = True, "alice@example.org"
    people.alice.user.language, people.alice.user.time_zone = "zh-hans", "Asia/Shanghai"
    people.alice.user.save()
    return people.alice


def work() -> None:
    """What a worker does with what the clock gave it."""
    for result in DBTaskResult.objects.ready():
        result.task.call(*result.args_kwargs["args"], **result.args_kwargs["kwargs"])
        result.delete()


def run() -> None:
    mail_due_messages()
    work()


def test_one_letter_tells_a_person_all_that_is_new_in_the_own_language(alice, people, tell, settings):
    settings.IMS_URL = "https://ims.example.org"
    image = factories.ImageFactory(project=alice.project)
    tell(alice, values={"job": "Import", "name": "web-3"}, subject=("image", image.pk))
    tell(alice, values={"job": "Import", "name": "web-4"})
    tell(people.bob)
    run()

    (letter,) = mail.outbox
    assert letter.to == ["alice@example.org"]
    assert "web-3" in letter.body
    assert "web-4" in letter.body
    assert "https://ims.example.org/messages/" in letter.body
    assert f"https://ims.example.org{at(alice.project, image.get_absolute_url())}\n" in letter.body
    assert Message.objects.filter(mailed_at__isnull=False, mail_due_at=None).count() == 2
    run()
    assert len(mail.outbox) == 1


def test_a_single_message_is_the_subject_without_line_breaks(alice, tell):
    tell(alice, values={"job": "Import", "name": "web\nBcc: x@y"})
    run()
    assert "web Bcc: x@y" in mail.outbox[0].subject


@pytest.mark.parametrize(
    ("wants", "address", "backend"),
    [(False, "a@example.org", "locmem"), (True, "", "locmem"), (True, "a@example.org", "dummy")],
)
def test_only_who_wants_it_and_can_get_it_is_written_to(people, tell, settings, wants, address, backend):
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    people.alice.user.mails_messages, people.alice.user.email = wants, address
    tell(people.alice)
    run()
    assert mail.outbox == []
    assert Message.objects.get().mail_due_at is None


def test_what_was_read_meanwhile_is_not_mailed(alice, tell):
    tell(alice)
    mail_due_messages()
    client_of(alice).post("/messages/read/")
    work()
    assert mail.outbox == []


def test_a_letter_the_server_refused_is_sent_later(alice, tell, settings):
    tell(alice)
    settings.EMAIL_BACKEND = "tests.notifications.test_mail.Broken"
    with pytest.raises(SMTPServerDisconnected):
        run()
    DBTaskResult.objects.all().delete()
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    run()
    assert mail.outbox == []  # not at once again
    clock.move(timedelta(minutes=11))
    run()
    assert len(mail.outbox) == 1


def test_a_letter_whose_worker_died_is_sent_by_another(alice, tell):
    tell(alice)
    mail_due_messages()
    DBTaskResult.objects.all().delete()  # with its wake-up
    clock.move(timedelta(minutes=11))
    run()
    assert len(mail.outbox) == 1


def test_after_a_day_a_letter_is_given_up(alice, tell):
    tell(alice)
    clock.move(timedelta(days=1, minutes=1))
    run()
    assert mail.outbox == []


def test_a_surplus_wake_up_sends_nothing_twice(alice, tell):
    message = tell(alice)
    for _ in range(2):
        mail_messages.call(alice.user.pk, [str(message.pk)])
    assert len(mail.outbox) == 1


def test_messages_are_kept_as_long_as_the_setting_says(people, tell, settings):
    settings.IMS_MESSAGES_DAYS = 2
    tell(people.alice)
    clock.move(timedelta(days=1, hours=23))
    forget_old_messages()
    assert Message.objects.exists()
    clock.move(timedelta(hours=2))
    forget_old_messages()
    assert not Message.objects.exists()


class Broken:
    """A mail server that hangs up."""

    def __init__(self, **_kwargs) -> None: ...

    def send_messages(self, _letters) -> int:
        raise SMTPServerDisconnected
