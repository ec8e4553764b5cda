"""Mail about one's password leads to the console's own address, whatever the request said."""

import re

import pytest
from django.core import mail
from django.test import Client

from imsconsole.accounts.models import User
from tests.accounts.conftest import PASSWORD

HOSTS = {
    "HTTP_HOST": "evil.example",
    "HTTP_X_FORWARDED_HOST": "evil.example",
    "HTTP_X_FORWARDED_PROTO": "https",
}


@pytest.fixture
def _with_mail(settings, erin) -> None:
    """A console that answers to any host, as behind a careless proxy."""
    settings.ALLOWED_HOSTS = ["*"]
    settings.IMS_URL = "https://ims.example.org"
    User.objects.filter(pk=erin.pk).update(email="erin@example.org")


@pytest.mark.usefixtures("_with_mail")
@pytest.mark.parametrize("asked", ["erin@example.org", "nobody@example.org"])
def test_nothing_in_a_reset_mail_is_of_the_request(asked) -> None:
    Client(**HOSTS).post("/accounts/password/reset/", {"email": asked})
    (sent,) = mail.outbox
    whole = sent.subject + str(sent.message())
    assert "evil.example" not in whole
    assert "testserver" not in whole


@pytest.mark.usefixtures("_with_mail")
def test_the_link_in_it_sets_a_password_once() -> None:
    Client(**HOSTS).post("/accounts/password/reset/", {"email": "erin@example.org"})
    link = re.search(r"https://ims\.example\.org(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert link
    client, new = Client(), "another long phrase 8"
    page = client.get(link[1])
    data = {"password1": new, "password2": new}
    assert client.post(page["Location"], data).status_code == 302
    assert Client().login(username="erin", password=new)
    again = Client().get(link[1], follow=True)
    assert "password1" not in again.content.decode()
    assert not Client().login(username="erin", password=PASSWORD)
