"""What a page weighs on its way to the reader (the first whole page is weighed in a browser, by the flows)."""

import pytest
from django.urls import reverse

from imsconsole.jobs.models import Job
from tests import factories
from tests.conftest import client_of

MOST_BYTES = 15 * 1024
FRAGMENTS = ("images:list", "servers:list", "keypairs:list", "jobs:list")


@pytest.mark.parametrize("name", FRAGMENTS)
def test_a_full_list_comes_to_htmx_in_at_most_15_kb(name, people):
    project = people.alice.project
    for number in range(25):
        image = factories.ImageFactory(project=project, name=f"image-with-a-usual-name-{number}")
        factories.ServerFactory(project=project, image=image, name=f"server-{number}")
        factories.KeyPairFactory(project=project, name=f"key-{number}")
        Job.objects.create(
            kind="image.import", path="images.create.jobs.ImportImage", queue="bulk", project=project,
            user=people.alice.user, subject_kind="image", subject_id=image.pk, subject_name=image.name,
            state=Job.State.FAILED,
        )  # fmt: skip
    headers = {"accept-encoding": "gzip", "hx-request": "true"}
    answer = client_of(people.alice).get(reverse(name), {"tab": "private"}, headers=headers)
    assert answer["Content-Encoding"] == "gzip"
    assert len(answer.content) <= MOST_BYTES


def test_what_streams_is_not_compressed(people):
    answer = client_of(people.alice).get(reverse("images:export-csv"), headers={"accept-encoding": "gzip"})
    assert "Content-Encoding" not in answer
