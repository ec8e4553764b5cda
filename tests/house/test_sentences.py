"""Every sentence is said by somebody, with every value that is in it, and reads whole in both languages."""

import re
from html import unescape

import pytest
from django.core import mail
from django.utils import translation

from imsconsole.core.now import now
from imsconsole.core.sentences import explained, moment, sentence, sentences, translated
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send
from imsconsole.notifications.tasks import mail_messages
from tests.conftest import client_of
from tests.support.sayings import Saying, Sayings

PLACE = re.compile(r"%\((\w+)\)s")
HAN = re.compile("[一-鿿]")
SAYINGS = Sayings()
SAME_VALUES = {"no-sign-of-life": "boot-awaited"}  # `boot_check.heard_of` changes the code alone
THINGS = {"name", "image", "listing", "publisher"}  # what a message is about


def places(code: str) -> set[str]:
    return set(PLACE.findall(str(sentences()[code])))


def reads_whole(text: str, code: str, values: dict[str, str], language: str) -> bool:
    """Nothing is empty, missing or in the other language, and each value is there that the sentence has a place for."""
    return (
        all(values.get(name, "\0") in text for name in places(code))
        and "%(" not in text
        and bool(HAN.search(text)) == (language == "zh-hans")
    )


def test_the_tree_is_searched() -> None:
    assert len(SAYINGS.all) > 200
    assert len(SAYINGS.messages) > 30
    assert len(SAYINGS.refused) > 200


def test_what_is_said_has_a_sentence_for_which_it_brings_every_value() -> None:
    assert [saying for saying in SAYINGS.all if saying.code not in sentences()] == []
    assert [saying for saying in SAYINGS.all if not places(saying.code) <= saying.given] == []


def test_every_sentence_is_said_by_somebody() -> None:
    said = {saying.code for saying in SAYINGS.all} | SAME_VALUES.keys()
    assert [code for code in sentences() if places(code) and code not in said] == []
    assert [code for code in sentences() if code not in SAYINGS.words] == []


def test_a_refusal_in_words_of_its_own_has_a_code_of_its_own() -> None:
    """Kept by its code, it would be read in another's words."""
    assert {code: where for code, where in SAYINGS.refused.items() if code in sentences()} == {}


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_sentence_reads_whole_with_what_its_callers_give(language: str) -> None:
    torn: list[tuple[Saying, str]] = []
    with translation.override(language):
        for saying in SAYINGS.all:
            values = {name: f"<{name}>" for name in saying.given}
            text = sentence(saying.code, values)
            if not reads_whole(text, saying.code, values, language):
                torn.append((saying, text))
    assert torn == []


def test_every_message_names_what_it_is_about() -> None:
    assert [said for said in SAYINGS.messages if not places(said.code) & THINGS] == []


@pytest.mark.slow(reason="every message is sent and read")
@pytest.mark.django_db
def test_every_message_stands_with_no_values_at_all(people) -> None:
    for code in {said.code for said in SAYINGS.messages}:
        send(code, to=[people.alice.user], values={}, project=people.alice.project)
    assert [message.code for message in Message.objects.all() if "%" in message.sentence] == []


@pytest.mark.slow(reason="every message is shown on a page and in a letter")
@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_message_is_read_whole_in_the_list_and_in_the_letter(people, language: str) -> None:
    """As it is kept: with times, names of jobs and errors that are said in the reader's language."""
    user = people.bob.user
    user.language, user.email, user.mails_messages = language, "bob@acme.test", True
    user.save()
    kept = {
        **dict.fromkeys(("until", "at"), moment(now())),
        "why": explained("no-space", {}),
        "job": translated("Import image"),
    }
    for saying in SAYINGS.messages:
        values = {name: kept.get(name, f"<{name}>") for name in saying.given}
        send(saying.code, to=[user], values=values, project=people.bob.project)
    messages = list(Message.objects.all())

    page = unescape(client_of(people.bob).get("/messages/?per_page=100").content.decode())
    mail_messages.call(user.pk, [str(message.pk) for message in messages])
    (letter,) = mail.outbox
    for message in messages:
        with translation.override(language):
            text = message.sentence
        values = {name: f"<{name}>" for name in message.values if name not in kept}
        assert reads_whole(text, message.code, values | dict.fromkeys(kept, ""), language), text
        assert "{" not in text
        assert text in page
        assert text in letter.body
