"""The trail for the operator."""

from django.test import Client

from imsconsole.accounts.log import record
from imsconsole.audit.models import Event


def test_the_trail_can_be_searched_and_not_changed(people, operator) -> None:
    record("inviteMember", people.alice, [people.alice.project])
    event = Event.objects.get()
    admin = Client()
    admin.force_login(operator)
    assert "inviteMember" in admin.get("/admin/audit/event/?q=inviteMember").content.decode()
    assert admin.get(f"/admin/audit/event/{event.pk}/change/").status_code == 200
    assert admin.get("/admin/audit/event/add/").status_code == 403
    assert admin.post(f"/admin/audit/event/{event.pk}/change/", {"action": "x"}).status_code == 403
    assert admin.post(f"/admin/audit/event/{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Event.objects.filter(action="inviteMember").count() == 1
