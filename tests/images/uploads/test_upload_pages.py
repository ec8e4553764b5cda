"""The pages of uploads: the list, one upload, and how the wizard takes one."""

import json
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.models import Upload
from images.models.upload import kept_until
from imsconsole.core import now as clock
from imsconsole.core.project_urls import bare
from tests import factories
from tests.conftest import client_of
from tests.images.create.importing import CREATE, MIB, imported, uploaded
from tests.images.uploads.tus import begin, send, upload_at

pytestmark = pytest.mark.django_db


@pytest.fixture
def interrupted(people: SimpleNamespace, disks: Path) -> Upload:
    """An upload of Bob's of which a quarter is here."""
    content = (disks / "disk.raw").read_bytes()
    client = client_of(people.bob)
    address = begin(client, len(content), "interrupted.raw")
    send(client, address, 0, content[: len(content) // 4])
    return upload_at(address)


def page_of(actor, path: str) -> str:
    response = client_of(actor).get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_ones_own_uploads_and_what_to_do(
    people: SimpleNamespace, disks: Path, interrupted: Upload
):
    whole = uploaded(people.bob, disks / "disk.qcow2")
    used = imported(people.bob, disks / "disk.vdi", name="made of a vdi")
    Upload.objects.create(
        project=people.bob.project, user=people.bob.user, name="bad.raw", size_bytes=0, state="refused",
        error_code="not-an-image", expires_at=clock.now(),
    )  # fmt: skip
    page = page_of(people.bob, "/uploads/")
    assert "Interrupted" in page
    assert "25 %" in page
    assert f'/uploads/{interrupted.pk}/"' in page
    assert f'/images/create/?upload={whole.pk}"' in page
    assert "Being imported" in page
    assert used.image.name in page
    assert "This is not a disk image" in page
    for other in (people.alice, people.dave, people.carol):
        assert "interrupted.raw" not in page_of(other, "/uploads/")
    assert "read-only" in page_of(people.dave, "/uploads/")


def test_the_list_asks_the_database_equally_often_for_one_and_for_a_hundred(people: SimpleNamespace):
    client = client_of(people.bob)
    made = {"project": people.bob.project, "user": people.bob.user}
    counts = []
    for more in (1, 99):
        for number in range(more):
            factories.UploadFactory(
                **made,
                name=f"{more}-{number}.raw",
                is_resumable=True,
                expires_at=clock.now() + timedelta(days=1),
            )
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/uploads/?per_page=100").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_abandoned_uploads_fold_into_a_line_that_unfolds(
    people: SimpleNamespace, disks: Path, interrupted: Upload
):
    whole = uploaded(people.bob, disks / "disk.qcow2")
    for n in range(3):
        Upload.objects.create(
            project=people.bob.project, user=people.bob.user, name=f"left-{n}.raw", size_bytes=10,
            expires_at=kept_until() - timedelta(hours=2),
        )  # fmt: skip
    page = page_of(people.bob, "/uploads/")
    assert "3 abandoned uploads" in page
    assert "left-0.raw" not in page.split('id="uploads-table"')[1]
    assert all(name in page for name in (interrupted.name, whole.name))
    assert "left-0.raw" in page_of(people.bob, "/uploads/?abandoned=shown").split('id="uploads-table"')[1]
    assert "abandoned uploads" not in page_of(people.alice, "/uploads/")


def test_an_interrupted_upload_asks_for_its_file(people: SimpleNamespace, interrupted: Upload):
    response = client_of(people.bob).get(f"/uploads/{interrupted.pk}/")
    assert json.loads(response.context["unfinished"]) == [
        {"id": str(interrupted.pk), "name": "interrupted.raw", "size": 4 * MIB}
    ]
    assert "goes on where it ended" in response.content.decode()


def test_a_complete_upload_says_what_was_found_and_leads_to_the_wizard(people: SimpleNamespace, disks: Path):
    upload = uploaded(people.bob, disks / "disk.qcow2")
    page = page_of(people.bob, f"/uploads/{upload.pk}/")
    assert upload.found["sha256"] in page
    assert f'/images/create/?upload={upload.pk}"' in page


def test_a_refused_upload_says_why(people: SimpleNamespace):
    client = client_of(people.bob)
    address = begin(client, MIB, "page.raw")
    send(client, address, 0, (b"<!doctype html>" * MIB)[:MIB])
    assert "This is not a disk image" in page_of(people.bob, f"/uploads/{upload_at(address).pk}/")


def test_the_wizard_knows_what_a_chosen_file_may_belong_to(people: SimpleNamespace, interrupted: Upload):
    response = client_of(people.bob).get(CREATE)
    assert [each["id"] for each in json.loads(response.context["unfinished"])] == [str(interrupted.pk)]
    assert f'/uploads/{interrupted.pk}/"' in response.content.decode()
    assert json.loads(client_of(people.alice).get(CREATE).context["unfinished"]) == []


def test_the_wizard_goes_on_with_an_upload_that_came_in_pieces(people: SimpleNamespace, disks: Path):
    content = (disks / "disk.raw").read_bytes()
    client = client_of(people.bob)
    address = begin(client, len(content))
    chosen = {"type": "system", "format": "", "sha256": "", "upload": str(upload_at(address).pk)}
    assert client.post(CREATE, chosen).status_code == 422
    send(client, address, 0, content)
    response = client.post(CREATE, chosen)
    assert response.status_code == 302
    assert response["Location"].endswith("/details/")


def test_discarding_leads_back_to_where_one_was(people: SimpleNamespace, disks: Path):
    client = client_of(people.bob)
    for form, back in (({}, "/uploads/"), ({"next": "create"}, CREATE)):
        upload = uploaded(people.bob, disks / "disk.raw")
        assert bare(client.post(f"/uploads/{upload.pk}/discard/", form)["Location"]) == back
    assert not Upload.objects.exists()
