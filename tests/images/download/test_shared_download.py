"""Prepared downloads in a spool that all hosts share: browsers get them from S3, in parts, by a link for some minutes."""

import hashlib
import urllib.error
import urllib.request
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from images.download.services import discard_download
from images.models import Download
from images.verify.store_check import differences
from imsconsole.audit.models import Event
from imsconsole.cloud.models import SpooledPart
from tests.cloud.servers.machines import bootable_image
from tests.conftest import client_of
from tests.images.create.importing import work_files
from tests.images.download.test_download import prepared
from tests.images.export.test_export import content_of
from tests.support.s3 import S3Server, bucket_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow(reason="an S3 server is started")]


@pytest.fixture
def s3(s3_server: S3Server) -> Iterator[SimpleNamespace]:
    with bucket_of(s3_server, IMS_SPOOL="s3") as bucket:
        yield bucket


def fetched(url: str, **headers: str) -> tuple[int, bytes, Any]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def test_a_browser_gets_a_prepared_file_from_s3_in_parts_too(people, s3, tmp_path) -> None:
    image = bootable_image(people.bob)
    made, job = prepared(people.bob, image)
    assert (job.state, made.state, made.path.exists(), len(s3.names())) == ("done", "ready", False, 1)
    assert not list(differences())
    address = reverse("images:download-prepared", args=[image.pk, made.pk])
    assert client_of(people.carol).get(address).status_code == 404
    url = client_of(people.bob).get(address)["Location"]
    assert Event.objects.filter(action="downloadImage", details=made.name).count() == 1
    status, content, headers = fetched(url)
    assert (status, content == content_of(image, tmp_path)) == (200, True)
    assert hashlib.sha256(content).hexdigest() == made.sha256
    assert made.name in headers["Content-Disposition"]
    status, part, headers = fetched(url, Range="bytes=512-1535")
    assert (status, part == content[512:1536]) == (206, True)
    assert fetched(url.replace("X-Amz-Expires=300", "X-Amz-Expires=3000"))[0] == 403
    discard_download(made, actor=people.bob)
    assert (s3.names(), SpooledPart.objects.count(), Download.objects.count()) == ([], 0, 0)
    assert (work_files(), fetched(url)[0]) == ([], 404)
