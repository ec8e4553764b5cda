"""The import wizard: its pages for everyone, its fields with their rules, its drafts."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from images.create.views import CREATE as IMPORT
from images.fields.forms import proposed_name
from images.models import Image, Upload
from imsconsole.accounts.models import Draft
from imsconsole.accounts.wizards import MADE, forget_old_drafts
from imsconsole.core import now as clock
from imsconsole.core.project_urls import bare
from imsconsole.jobs.models import Job
from tests import factories
from tests.conftest import client_of
from tests.images.create.importing import CREATE, DETAILS, ISOS, SIZE, draft_after, image_of, sent, uploaded
from tests.support.clients import at
from tests.support.workers import finish

pytestmark = pytest.mark.django_db
CONFIRM: dict[str, str] = {}


@pytest.fixture
def step2(people: SimpleNamespace) -> SimpleNamespace:
    """Bob after step 1, with a 4 MiB disk."""
    found = {
        "format": "raw",
        "virtual_size_bytes": SIZE,
        "size_bytes": SIZE,
        "sha256": "0" * 64,
        "boot_modes": ["bios"],
    }
    upload = factories.UploadFactory(
        project=people.bob.project,
        user=people.bob.user,
        state="complete",
        found=found,
        expires_at=clock.now() + timedelta(hours=24),
    )
    draft = IMPORT.begin(people.bob, upload=str(upload.pk), type="system")
    return SimpleNamespace(client=client_of(people.bob), url=f"{CREATE}{draft.pk}/details/", bob=people.bob)


def errors_of(step2: SimpleNamespace, **fields: Any) -> dict[str, list[str]]:
    """What the form of step 2 says about these values."""
    response = step2.client.post(step2.url, {**DETAILS, **fields})
    if response.status_code == 302:
        return {}
    assert response.status_code == 422
    return {name: list(errors) for name, errors in response.context["form"].errors.items()}


# the way through -------------------------------------------------------------------------------------


@pytest.mark.slow(reason="a file is uploaded and imported by the pages")
def test_from_a_file_to_a_normal_image(people: SimpleNamespace, disks: Path):
    client = client_of(people.bob)
    assert client.get(CREATE).status_code == 200
    step_2 = draft_after(client, (disks / "disk.raw").read_bytes(), name="web-1.raw")
    page = client.get(step_2).content.decode()
    assert 'value="web-1"' in page  # the name comes from the file's
    assert "MBR" in page
    step_3 = client.post(step_2, DETAILS)
    assert step_3.status_code == 302
    page = client.get(step_3["Location"]).content.decode()
    assert "web server" in page
    assert "team=web" in page
    assert Image.objects.count() == 0
    image = image_of(client.post(step_3["Location"], CONFIRM))
    assert (image.name, image.min_ram_mb, image.description) == ("web server", 512, "made of a file")
    assert image.created_by == people.bob.user
    assert Draft.objects.get().data == {MADE: at(people.bob.project, image.get_absolute_url())}
    assert finish(Job.objects.get()).state == "done"
    assert Image.objects.get().status == "active"


def test_a_file_that_is_uploaded_already_can_be_chosen(people: SimpleNamespace, disks: Path):
    upload = uploaded(people.bob, disks / "disk.vdi")
    client = client_of(people.bob)
    assert str(upload.pk) in client.get(CREATE).content.decode()
    response = client.post(CREATE, {"type": "data", "upload": str(upload.pk)})
    assert response.status_code == 302
    assert "vdi" in client.get(response["Location"]).content.decode()
    assert (
        client.post(CREATE, {"type": "data", "upload": str(upload.pk), "sha256": "0" * 64}).status_code == 422
    )
    assert Upload.objects.get().state == "complete"


def test_a_file_of_the_wrong_type_stays_and_need_not_be_sent_again(people: SimpleNamespace):
    client = client_of(people.bob)
    content = ISOS["ipxe.iso"].read_bytes()
    response = client.post(CREATE, sent(content, "ipxe.iso", type="system"))
    assert response.status_code == 422
    assert "installation medium" in response.content.decode()
    upload = Upload.objects.get()
    assert f'value="{upload.pk}" id="upload-{upload.pk}" checked' in response.content.decode()
    assert client.post(CREATE, {"type": "iso", "upload": str(upload.pk)}).status_code == 302


def test_without_a_file_the_form_asks_for_one(people: SimpleNamespace):
    response = client_of(people.bob).post(CREATE, {"type": "system"})
    assert response.status_code == 422
    assert "Choose a file" in response.content.decode()


def test_an_iso_asks_for_its_os(people: SimpleNamespace):
    """R65"""
    os_version = factories.OsVersionFactory()
    client = client_of(people.bob)
    url = draft_after(client, ISOS["ipxe.iso"].read_bytes(), name="ipxe.iso", type="iso")
    assert 'value="40"' in client.get(url).content.decode()
    response = client.post(url, DETAILS)
    assert list(response.context["form"].errors) == ["os_version"]
    assert "choose what it installs" in str(response.context["form"].errors["os_version"])
    assert client.post(url, {**DETAILS, "details-os_version": os_version.pk}).status_code == 302


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("debian-12.5.0-amd64-netinst.iso", "debian-12.5.0-amd64-netinst"),
        ("memtest86+x64.iso", "memtest86-x64"),
        ("银河麒麟 V10 (SP3).iso", "银河麒麟 V10-SP3"),
    ],
)
def test_an_iso_keeps_its_name_and_what_becomes_ours_is_called_simply(people: SimpleNamespace, file, name):
    """R65"""
    os_version = factories.OsVersionFactory()
    client = client_of(people.bob)
    url = draft_after(client, ISOS["ipxe.iso"].read_bytes(), name=file, type="iso")
    assert f'value="{name}"' in client.get(url).content.decode()
    confirm = client.post(url, {**DETAILS, "details-name": name, "details-os_version": os_version.pk})
    image = image_of(client.post(confirm["Location"], CONFIRM))
    assert finish(Job.objects.get()).state == "done"
    assert (image.name, image.source_name) == (name, file)
    stored = [path.name for path in settings.DATA_DIR.rglob("*")]
    assert any(str(image.disks.get().pk) in each for each in stored)
    assert not [each for each in stored if Path(file).stem in each]


def test_the_os_versions_are_grouped_by_platform(step2: SimpleNamespace):
    factories.OsVersionFactory()
    assert '<optgroup label="Debian">' in step2.client.get(step2.url).content.decode()


# who -------------------------------------------------------------------------------------------------


def test_read_only_people_see_why_they_cannot(people: SimpleNamespace):
    response = client_of(people.dave).get(CREATE)
    assert response.status_code == 200
    assert "read-only" in response.content.decode()
    assert 'type="file"' not in response.content.decode()
    assert client_of(people.dave).post(CREATE, {"type": "system"}).status_code == 409


def test_a_full_quota_is_said_before_anything_is_sent(people: SimpleNamespace):
    people.bob.project.quotas = {"images": 0}
    people.bob.project.save()
    page = client_of(people.bob).get(CREATE).content.decode()
    assert "quota" in page
    assert 'type="file"' not in page


def test_the_draft_of_somebody_else_is_not_found(step2: SimpleNamespace, people: SimpleNamespace):
    for other in (people.alice, people.dave, people.carol):
        assert client_of(other).get(step2.url).status_code == 404
        assert client_of(other).post(step2.url, DETAILS).status_code == 404
    assert client_of(None).get(step2.url).status_code == 302
    assert client_of(people.bob).get(step2.url).status_code == 200


def test_a_draft_belongs_to_its_project(step2: SimpleNamespace, people: SimpleNamespace):
    other = factories.ProjectFactory(account=people.bob.account, region=people.bob.region)
    assert step2.client.get(at(other, bare(step2.url))).status_code == 404


# drafts ----------------------------------------------------------------------------------------------


@pytest.mark.slow(reason="two wizards are filled in at a time")
def test_two_drafts_do_not_mix(people: SimpleNamespace, disks: Path):
    client = client_of(people.bob)
    content = (disks / "disk.raw").read_bytes()
    first, second = (draft_after(client, content, name=f"{name}.raw") for name in ("one", "two"))
    last = [
        client.post(url, {**DETAILS, "details-name": name})["Location"]
        for url, name in ((first, "one"), (second, "two"))
    ]
    assert "one" in client.get(first).content.decode()
    images = [image_of(client.post(url, CONFIRM)) for url in reversed(last)]
    assert [image.name for image in images] == ["two", "one"]
    assert [image.source_name for image in images] == ["two.raw", "one.raw"]


def test_a_draft_survives_signing_out(step2: SimpleNamespace, people: SimpleNamespace):
    last = step2.client.post(step2.url, DETAILS)["Location"]
    step2.client.logout()
    assert "web server" in client_of(people.bob).get(last).content.decode()


def test_no_step_can_be_skipped(step2: SimpleNamespace):
    confirm = step2.url.replace("/details/", "/confirm/")
    assert bare(step2.client.get(confirm)["Location"]) == step2.url
    assert bare(step2.client.post(confirm, CONFIRM)["Location"]) == step2.url
    assert not Image.objects.exists()
    assert step2.client.get(step2.url.replace("/details/", "/done/")).status_code == 404


def test_looking_changes_nothing(step2: SimpleNamespace):
    before = Draft.objects.values().get()
    step2.client.get(step2.url)
    step2.client.get(step2.url.replace("/details/", "/confirm/"))
    assert Draft.objects.values().get() == before


def test_a_draft_without_its_file_leads_back(step2: SimpleNamespace):
    Upload.objects.all().delete()
    assert bare(step2.client.get(step2.url)["Location"]) == CREATE


def test_a_name_taken_meanwhile_is_said_at_the_end(step2: SimpleNamespace):
    """R39"""
    last = step2.client.post(step2.url, DETAILS)["Location"]
    factories.ImageFactory(project=step2.bob.project, name="web server")
    assert bare(step2.client.post(last, CONFIRM)["Location"]) == step2.url
    page = step2.client.get(step2.url).content.decode()
    assert "already" in page
    assert not Job.objects.exists()


def test_a_draft_that_was_begun_before_goes_on(step2: SimpleNamespace):
    """The row as the wizards before these have kept it."""
    draft = Draft.objects.get()
    draft.data |= {"steps": {"details": {name: [value] for name, value in DETAILS.items()}}}
    draft.save()
    last = step2.url.replace("details", "confirm")
    assert "web server" in step2.client.get(step2.url).content.decode()
    made = step2.client.post(last, CONFIRM)["Location"]
    assert bare(made) == Image.objects.get(name="web server").get_absolute_url()
    assert step2.client.post(last, CONFIRM)["Location"] == step2.client.get(step2.url)["Location"] == made
    assert Job.objects.count() == 1


def test_old_drafts_are_forgotten(step2: SimpleNamespace):
    forget_old_drafts()
    assert Draft.objects.exists()
    clock.move(timedelta(days=31))
    forget_old_drafts()
    assert not Draft.objects.exists()


# fields ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "网络 server-1.2_x", "x" * 128, "镜像"])
def test_good_names(step2: SimpleNamespace, name: str):
    """§1.3: 1–128 letters, digits, Chinese, space and -._"""
    assert errors_of(step2, **{"details-name": name}) == {}


@pytest.mark.parametrize("name", ["", " ", " a", "a ", "x" * 129, "a/b", "a<b", "a\nb", "é", "a:b"])
def test_bad_names(step2: SimpleNamespace, name: str):
    assert list(errors_of(step2, **{"details-name": name})) == ["name"]


def test_a_taken_name_is_said_at_once(step2: SimpleNamespace):
    """R39"""
    factories.ImageFactory(project=step2.bob.project, name="web server")
    assert "already" in errors_of(step2)["name"][0]


@pytest.mark.parametrize("size", ["", "0", "1025", "x", "1.5"])
def test_bad_system_disks(step2: SimpleNamespace, size: str):
    """R62, C4"""
    assert list(errors_of(step2, **{"details-min_disk_gb": size})) == ["min_disk_gb"]


def test_a_data_disk_may_be_larger(people: SimpleNamespace, disks: Path):
    """C5"""
    client = client_of(people.bob)
    url = draft_after(client, (disks / "disk.raw").read_bytes(), type="data")
    assert "Data disk (GB)" in client.get(url).content.decode()
    assert client.post(url, {**DETAILS, "details-min_disk_gb": "2049"}).status_code == 422
    assert client.post(url, {**DETAILS, "details-min_disk_gb": "2048"}).status_code == 302


def test_arm_boots_uefi_only(step2: SimpleNamespace):
    """R64"""
    assert list(errors_of(step2, **{"details-architecture": "arm"})) == ["boot_mode"]
    assert errors_of(step2, **{"details-architecture": "arm", "details-boot_mode": "uefi"}) == {}


def test_there_are_two_boot_modes_and_two_architectures(step2: SimpleNamespace):
    """R13, R110 (IMG.0141, IMG.0212)"""
    assert list(errors_of(step2, **{"details-boot_mode": "efi"})) == ["boot_mode"]
    assert "architecture" in errors_of(step2, **{"details-architecture": "ppc64"})
    assert errors_of(step2, **{"details-boot_mode": "uefi", "details-architecture": "x86"}) == {}


def test_another_boot_mode_than_the_disk_has_is_warned_about(step2: SimpleNamespace):
    """R64"""
    last = step2.client.post(step2.url, {**DETAILS, "details-boot_mode": "uefi"})["Location"]
    assert "seems to boot with BIOS, but UEFI is chosen" in step2.client.get(last).content.decode()


def test_memory_from_and_to(step2: SimpleNamespace):
    fields = {"details-min_ram_mb": "512", "details-max_ram_mb": "256"}
    assert list(errors_of(step2, **fields)) == ["max_ram_mb"]
    assert errors_of(step2, **{"details-min_ram_mb": "", "details-max_ram_mb": "256"}) == {}


@pytest.mark.parametrize("text", ["a<b", "a>b", "a\rb", "a\nb", "x" * 1025])
def test_bad_descriptions(step2: SimpleNamespace, text: str):
    """R111"""
    assert list(errors_of(step2, **{"details-description": text})) == ["description"]


def test_a_long_description(step2: SimpleNamespace):
    assert errors_of(step2, **{"details-description": "字" * 1024}) == {}


@pytest.mark.parametrize(
    "tags",
    [
        "=value",
        f"{'k' * 37}=v",
        f"k={'v' * 44}",
        "k=1\nk=2",
        "a<b=c",
        "k=a=b",
        "\n".join(f"k{n}=" for n in range(11)),
    ],
)
def test_bad_tags(step2: SimpleNamespace, tags: str):
    """R97, §1.7: at most 10, key 1–36, value up to 43, a key once"""
    assert list(errors_of(step2, **{"details-tags": tags})) == ["tags"]


def test_good_tags(step2: SimpleNamespace):
    tags = "\n".join([f"{'k' * 36}={'v' * 43}", "键=值", "only-a-key"])
    last = step2.client.post(step2.url, {**DETAILS, "details-tags": tags})["Location"]
    image = image_of(step2.client.post(last, CONFIRM))
    assert {str(tag) for tag in image.tags.all()} == {f"{'k' * 36}={'v' * 43}", "键=值", "only-a-key="}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("web.tar.qcow2", "web.tar"),
        ("我的 disk.vhdx", "我的 disk"),
        ("a+b(1).raw", "a-b-1"),
        (".qcow2", "image"),
        ("taken.img", "taken-2"),
    ],
)
def test_the_name_is_proposed_from_the_file(people: SimpleNamespace, file: str, name: str):
    factories.ImageFactory(project=people.bob.project, name="taken")
    assert proposed_name(file, people.bob) == name
