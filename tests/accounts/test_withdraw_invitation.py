"""Making a link useless."""

import pytest
from django.test import Client

from imsconsole.accounts.models import Invitation
from tests.accounts.conftest import actions, invited
from tests.conftest import client_of


def test_the_link_no_longer_works(people) -> None:
    secret, invitation = invited(people.alice)
    response = client_of(people.alice).post(f"/project/invitations/{invitation.pk}/withdraw/")
    assert response.status_code == 302
    assert Client().get(f"/invitations/{secret}/").status_code == 404
    assert actions()[-1] == "withdrawInvitation"


@pytest.mark.parametrize("name", ["bob", "dave", "carol"])
def test_others_do_not_find_it(people, name) -> None:
    _secret, invitation = invited(people.alice)
    client = client_of(getattr(people, name))
    assert client.post(f"/project/invitations/{invitation.pk}/withdraw/").status_code == 404
    assert Invitation.objects.exists()


def test_signed_out_nobody_withdraws(people) -> None:
    _secret, invitation = invited(people.alice)
    assert Client().post(f"/project/invitations/{invitation.pk}/withdraw/").status_code == 302
    assert Invitation.objects.exists()


def test_a_used_link_stays_in_the_books(people) -> None:
    secret, invitation = invited(people.alice)
    client_of(people.carol).post(f"/invitations/{secret}/")
    response = client_of(people.alice).post(f"/project/invitations/{invitation.pk}/withdraw/")
    assert response.status_code == 409
    assert Invitation.objects.exists()
