"""Neither the material of a key nor a master key is in anything that people or files get to see."""

import base64
import io
import json
import logging
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.debug import ExceptionReporter
from django.views.decorators.debug import sensitive_variables

from imsconsole.audit.models import Event
from imsconsole.cloud.keys.master import masters_of_file
from imsconsole.cloud.keys.material import engine_key, material_of
from imsconsole.cloud.keys.wrap import Master
from imsconsole.cloud.models import Key
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


def shapes(secret: bytes) -> list[str]:
    """The ways in which bytes are written down."""
    encoded = base64.b64encode(secret).decode().rstrip("=")
    url = base64.urlsafe_b64encode(secret).decode().rstrip("=")
    return [
        secret.hex(),
        secret.hex().upper(),
        encoded,
        url,
        repr(secret),
        repr(secret)[2:-1],
        str(list(secret)),
    ]


def test_the_shapes_are_found_where_they_are() -> None:
    secret = bytes(range(200, 232))
    assert shapes(secret)[0] in json.dumps({"wrapped": secret.hex()})
    assert shapes(secret)[4] in f"{Key(wrapped=secret).__dict__}"


@pytest.mark.slow(reason="the whole database is dumped")
def test_no_page_log_row_or_dump_tells_a_secret(people, operator, caplog, master_file: Path) -> None:
    caplog.set_level(logging.DEBUG)
    bob, office, seen = client_of(people.bob), Client(), []
    office.force_login(operator)

    def keep(answer) -> None:
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        seen.append(body.decode(errors="replace") + repr(dict(answer.headers)))

    keep(bob.post(reverse("keys:create"), {"name": "vault"}))
    key = Key.objects.get()
    secrets = [material_of(key.pk, key.project_id), masters_of_file()[0].secret]
    keep(bob.post(reverse("keys:grant", args=[key.pk]), {"project_id": people.carol.project.pk}))
    for name in ("list", "received", "export", "create"):
        keep(bob.get(reverse(f"keys:{name}")))
    for name in ("detail", "edit", "disable", "schedule-deletion", "grant"):
        keep(bob.get(reverse(f"keys:{name}", args=[key.pk])))
    keep(client_of(people.carol).get(reverse("keys:received")))
    for model in ("key", "keygrant", "masterkey"):
        keep(office.get(reverse(f"admin:cloud_{model}_changelist")))
    keep(office.get(reverse("admin:cloud_key_change", args=[key.pk])))
    keep(office.get(reverse("admin:cloud_masterkey_change", args=[1])))
    out = io.StringIO()
    call_command("rotate_master_key", stdout=out)
    secrets.append(masters_of_file()[0].secret)
    call_command("dumpdata", stdout=out)
    seen += [
        out.getvalue(),
        repr(engine_key(key, key.project_id)),
        repr(key),
        repr(key.master),
        repr(masters_of_file()),
    ]
    seen += [str(event.__dict__) for event in Event.objects.all()]
    seen += [record.getMessage() for record in caplog.records]

    wrapped = base64.b64encode(bytes(Key.objects.get().wrapped)).decode()
    assert wrapped in out.getvalue(), "the dump has it wrapped"
    assert all(wrapped not in page for page in seen if page != out.getvalue())
    for secret in secrets:
        for shape in shapes(secret):
            assert not [text for text in seen if shape in text]


def test_an_error_report_keeps_what_it_was_about_to_itself(
    people, settings, monkeypatch: pytest.MonkeyPatch, master_file: Path
) -> None:
    """The page Django mails to the operator shows every variable of every function on the way."""
    settings.DEBUG = False
    client_of(people.bob).post(reverse("keys:create"), {"name": "vault"})
    key = Key.objects.get()
    reports = []  # the secrets are asked for afterwards: a report shows this test's variables as well
    for name in ("unwrap", "wrap"):
        with monkeypatch.context() as patch:
            patch.setattr(Master, name, _broken)
            try:
                material_of(key.pk, key.project_id) if name == "unwrap" else call_command("rotate_master_key")
            except RuntimeError:
                request = RequestFactory().get("/")
                reporter = ExceptionReporter(request, *sys.exc_info(), is_email=True)
                reports += [reporter.get_traceback_html(), reporter.get_traceback_text()]
    secrets = [material_of(key.pk, key.project_id), *(master.secret for master in masters_of_file())]
    assert len(reports) == 4
    assert all("RuntimeError" in report for report in reports)
    for secret in secrets:
        assert not [report for report in reports for shape in shapes(secret) if shape in report]


@sensitive_variables()
def _broken(_master, _key_id, _bytes):
    raise RuntimeError("broken")
