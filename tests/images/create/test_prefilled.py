"""What is found in a file fills the form, is said beside each field, and may be changed; what is not offered is refused."""

from pathlib import Path

import pytest

from tests.conftest import client_of
from tests.engine.hostile import put
from tests.images.create.importing import DETAILS, ISOS, draft_after, image_of

pytestmark = pytest.mark.django_db
LABEL_AT = 32768 + 40
ISO = ISOS["ipxe.iso"]


def labelled(label: str) -> bytes:
    return put(Path(ISO).read_bytes(), LABEL_AT, label.encode().ljust(32))


def details_of(client, content: bytes, **fields: str):
    url = draft_after(client, content, **fields)
    return url, client.get(url)


@pytest.mark.parametrize(
    ("label", "os", "cpu"),
    [
        ("Debian 12.4.0 amd64 n", "Debian 12 64bit", "x86"),
        ("Rocky-9-2-aarch64-dvd", "Rocky Linux 9.2 64bit", "arm"),
        ("CentOS-Stream-9-BaseOS-x86_64", "CentOS Stream 9 64bit", "x86"),
        ("SLE-15-SP5-Full-x86_64110.102.001", "SUSE Linux Enterprise Server 15 SP5 64bit", "x86"),
        ("SSS_X64FREE_EN-US_DV9", "None", "x86"),
        ("MY TOOLS", "None", "x86"),
    ],
)
def test_an_iso_form_begins_with_what_its_label_says(people, label, os, cpu):
    _url, page = details_of(client_of(people.bob), labelled(label), type="iso", name="cd.iso")
    form = page.context["form"]
    assert (str(form.initial.get("os_version")), form.initial["architecture"]) == (os, cpu)
    text = str(form.fields["os_version"].help_text)
    assert text == ("" if os == "None" else f"Found in the file: {os}.")
    assert not form.fields["os_version"].disabled


def test_what_was_found_may_be_changed(people):
    client = client_of(people.bob)
    url, page = details_of(client, labelled("Debian 12.4.0 amd64 n"), type="iso", name="cd.iso")
    other = page.context["form"].fields["os_version"].queryset.get(name="Ubuntu 22.04 server 64bit")
    confirm = client.post(url, {**DETAILS, "details-os_version": str(other.pk)})
    made = image_of(client.post(confirm["Location"], {"draft": "once"}))
    assert (str(made.os_version), made.os_detected) == ("Ubuntu 22.04 server 64bit", False)


def test_an_iso_without_a_system_is_refused_however_it_is_sent(people):
    client = client_of(people.bob)
    url, _page = details_of(client, labelled("Debian 12.4.0 amd64 n"), type="iso", name="cd.iso")
    refused = client.post(url, {**DETAILS, "details-os_version": ""})
    assert refused.status_code == 422
    assert "choose what it installs" in refused.content.decode()
    assert client.post(url, {**DETAILS, "details-os_version": "999999"}).status_code == 422


def test_families_are_groups_of_a_plain_select(people):
    """Without scripts."""
    _url, page = details_of(client_of(people.bob), labelled("MY TOOLS"), type="iso", name="cd.iso")
    text = page.content.decode()
    assert '<combo-box data-family="OS family"' in text
    assert '<optgroup label="Debian">' in text
    assert text.count("<optgroup") > 10


def test_a_data_disk_begins_with_its_size(people, disks):
    _url, page = details_of(
        client_of(people.bob), (disks / "disk.qcow2").read_bytes(), type="data", name="d.qcow2"
    )
    assert str(page.context["form"].fields["min_disk_gb"].help_text) == "Found in the file: 1. 1 to 2048 GB."
