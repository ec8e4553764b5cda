"""Modifying an image: rule, service, page, and what becomes of what others typed."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from images.change_os.services import change_os
from images.launch.services import create_servers
from images.models import Image
from images.modify.rules import ATTRIBUTES, OF_SERVERS, can_modify, is_changeable
from images.modify.services import modify_image
from imsconsole.audit.models import Event
from imsconsole.cloud.hosts import ask_host
from imsconsole.cloud.models import Disk, Flavor
from imsconsole.cloud.servers.specs import server_spec
from imsconsole.core.errors import Conflict
from imsconsole.core.rules import Refused
from imsconsole.engine.types import GIB
from tests import factories
from tests.accounts.test_kept_forms import leaves
from tests.conftest import client_of
from tests.support import forms
from tests.support.wizards import confirmation

pytestmark = pytest.mark.django_db


def an_image(actor, **fields):
    image = factories.ImageFactory(**{"project": actor.project, "name": "web", **fields})
    factories.ImageDiskFactory(image=image, virtual_size_bytes=10 * GIB)
    return image


def page_of(image):
    return reverse("images:modify", args=[image.pk])


def shown_in(answer):
    return forms.shown_in(answer, "modify")


# rule -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code"), [("alice", ""), ("bob", ""), ("dave", "read-only"), ("carol", "not-owner")]
)
def test_only_those_who_may_write_in_the_owning_project_modify(people, name, code):
    assert can_modify(an_image(people.bob), getattr(people, name)).code == code


def test_public_images_are_the_platforms(people):
    assert can_modify(factories.PublicImageFactory(), people.bob).code == "public-image"


@pytest.mark.parametrize("status", [status for status in Image.Status.values if status != "active"])
def test_r94_only_images_in_state_normal_are_modified(people, status):
    image = an_image(people.bob, status=status)

    assert can_modify(image, people.bob).code == "not-active"
    with pytest.raises(Refused, match="not-active"):
        modify_image(image, wanted={"name": "other"}, actor=people.bob)


@pytest.mark.parametrize(
    ("fields", "fixed"),
    [
        ({}, {}),
        (
            {"type": "data"},
            dict.fromkeys((*OF_SERVERS, "os_version"), "data-image-attribute"),
        ),
        ({"type": "iso"}, {"default_user_data": "iso-image-attribute"}),
        ({"architecture": "arm", "boot_mode": "uefi"}, {"boot_mode": "arm-boots-uefi"}),
        ({"os_detected": True}, {"os_version": "os-detected"}),
        ({"source_kind": "server"}, {"os_version": "taken-over", "min_disk_gb": "taken-over"}),
        ({"source_kind": "disk"}, {"min_disk_gb": "taken-over"}),
    ],
)
def test_r26_what_cannot_be_changed_says_why(people, fields, fixed):
    image = an_image(people.bob, **fields)
    codes = {name: is_changeable(image, name).code for name in ATTRIBUTES}

    assert {name: code for name, code in codes.items() if code} == fixed


# service ----------------------------------------------------------------------------------------------


def test_it_writes_what_was_wanted_and_the_trail_says_what_changed(people):
    image = an_image(people.bob)
    before = image.updated_at
    modify_image(image, wanted={"name": "shop", "min_ram_mb": 512, "protected": False}, actor=people.bob)

    image.refresh_from_db()
    assert (image.name, image.min_ram_mb, image.updated_at > before) == ("shop", 512, True)
    event = Event.objects.get(action="updateImage")
    assert event.sentence == "name: web → shop; minimum memory (MB): 0 → 512"
    history = client_of(people.dave).get(image.get_absolute_url(), {"section": "history"})
    assert event.sentence in history.content.decode()


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"name": "taken"}, "image-name-taken"),
        ({"min_ram_mb": 1024, "max_ram_mb": 512}, "memory-range"),
        ({"boot_mode": "uefi"}, "os-boot-mode"),
        ({"secure_boot": True}, "feature-by-uefi"),
        ({"tpm": True}, "feature-by-uefi"),
        ({"min_disk_gb": 9}, "disk-too-small-for-file"),
        ({"min_disk_gb": 9999}, "disk-out-of-range"),
    ],
)
def test_what_does_not_fit_together_is_refused(people, wanted, code):
    system = factories.OsVersionFactory(name="Old 1", boots_uefi=False)
    image = an_image(people.bob, os_version=system, min_disk_gb=10)
    an_image(people.bob, name="taken")
    with pytest.raises(Refused) as refused:
        modify_image(image, wanted=wanted, actor=people.bob)

    assert refused.value.verdict.code == code
    image.refresh_from_db()
    assert (image.name, image.boot_mode, image.min_disk_gb) == ("web", "bios", 10)


def test_an_image_of_an_unknown_system_boots_as_its_cpu_does(people):
    """R64."""
    image = an_image(people.bob, os_version=None)
    assert modify_image(image, wanted={"boot_mode": "uefi"}, actor=people.bob).boot_mode == "uefi"
    with pytest.raises(Refused, match="arm-boots-uefi"):
        modify_image(image, wanted={"architecture": "arm", "boot_mode": "bios"}, actor=people.bob)


def test_what_comes_with_uefi_goes_before_it(people):
    image = an_image(people.bob, boot_mode="uefi", tpm=True)
    with pytest.raises(Refused, match="feature-by-uefi"):
        modify_image(image, wanted={"boot_mode": "bios"}, actor=people.bob)
    modify_image(image, wanted={"boot_mode": "bios", "tpm": False}, actor=people.bob)


@pytest.mark.parametrize("feature", ["secure_boot", "tpm"])
def test_a_feature_that_the_host_lacks_is_not_offered_and_refused_by_name(people, monkeypatch, feature):
    monkeypatch.setattr("imsconsole.engine.local.probe.SWTPM", "no-such-program")
    monkeypatch.setattr("imsconsole.engine.local.probe.SECURE_CODE", Path("/not/there"))
    ask_host(people.bob.region)
    image = an_image(people.bob, boot_mode="uefi")
    with pytest.raises(Refused, match="host-feature-package") as refused:
        modify_image(image, wanted={feature: True}, actor=people.bob)
    assert "swtpm" in str(refused.value.verdict.reason)
    page = client_of(people.bob).get(page_of(image)).content.decode()
    assert str(refused.value.verdict.reason) in page
    assert f'name="{feature}"' not in page

    Image.objects.filter(pk=image.pk).update(**{feature: True})
    assert f'name="{feature}"' in client_of(people.bob).get(page_of(image)).content.decode(), (
        "to be taken back"
    )
    image.refresh_from_db()
    modify_image(image, wanted={feature: False}, actor=people.bob)


def test_an_attribute_that_is_fixed_is_refused_by_the_service_too(people):
    image = an_image(people.bob, os_detected=True)
    with pytest.raises(Refused, match="os-detected"):
        modify_image(image, wanted={"os_version": None}, actor=people.bob)


def test_an_iso_image_keeps_a_system(people):
    image = an_image(people.bob, type="iso")
    with pytest.raises(Refused, match="iso-needs-os"):
        modify_image(image, wanted={"os_version": None}, actor=people.bob)


def test_what_has_not_fitted_since_long_keeps_nobody_from_changing_something_else(people):
    system = factories.OsVersionFactory(name="Old 1", boots_bios=False)
    image = an_image(people.bob, os_version=system, min_disk_gb=1)
    modify_image(image, wanted={"boot_mode": "bios", "min_disk_gb": 1, "name": "shop"}, actor=people.bob)

    assert Image.objects.get().name == "shop"


def test_who_did_not_see_the_present_value_overwrites_nothing(people):
    image = an_image(people.bob)
    modify_image(image, wanted={"name": "alices"}, seen={"name": "web"}, actor=people.alice)
    with pytest.raises(Conflict):
        modify_image(image, wanted={"name": "bobs"}, seen={"name": "web"}, actor=people.bob)
    with pytest.raises(Conflict):  # a value that was left alone would undo the other's change, too
        modify_image(
            image,
            wanted={"name": "web", "min_ram_mb": 1},
            seen={"name": "web", "min_ram_mb": 0},
            actor=people.bob,
        )
    assert Image.objects.get().name == "alices"
    modify_image(image, wanted={"name": "alices", "min_ram_mb": 1}, seen={"name": "web"}, actor=people.bob)
    assert Image.objects.get().min_ram_mb == 1


def test_servers_that_were_made_before_stay_as_they_are(people):
    image = an_image(people.bob, nic_multi_queue=True, min_disk_gb=1, boot_mode="uefi")
    flavor = factories.FlavorFactory()
    order = {"image": image, "flavor": flavor, "user_data": "#!", "actor": people.bob}
    [server] = create_servers(name="before", **order)
    modify_image(image, wanted={"nic_multi_queue": False, "secure_boot": True, "tpm": True}, actor=people.bob)
    [later] = create_servers(name="after", **order)

    server.refresh_from_db()
    before, after = server_spec(server), server_spec(later)
    assert (before.multi_queue, before.secure_boot, before.tpm) == (True, False, False)
    assert (after.multi_queue, after.secure_boot, after.tpm) == (False, True, True)


def test_a_changed_os_brings_its_own_queues_and_features(people):
    server = factories.ServerFactory(project=people.bob.project, ref="none", boot_mode="uefi")
    factories.DiskFactory(server=server, image=server.image)
    features = {"nic_multi_queue": True, "boot_mode": "uefi", "secure_boot": True, "tpm": True}
    wide = an_image(people.bob, name="wide", min_disk_gb=1, **features)
    change_os(server, image=wide, user_data="#!", actor=people.bob)

    disks = Disk.objects.order_by("beside").values_list("multi_queue", "secure_boot", "tpm")
    assert list(disks) == [(False,) * 3, (True,) * 3]
    new = server_spec(server, Disk.objects.get(beside=True))
    assert (new.multi_queue, new.secure_boot, new.tpm) == (True, True, True), (
        "what the engine is told to make"
    )


def test_an_order_that_is_being_filled_in_sees_the_new_facts(people):
    image = an_image(people.bob)
    flavor = factories.FlavorFactory(memory_mb=256)
    client, url = client_of(people.bob), reverse("servers-create")
    order = {
        "action": "confirm", "image": str(image.pk), "zone": people.bob.region.zones.get().pk, "flavor": flavor.pk,
        "data_disks": 0, "name": "x", "count": 1, "system_disk_gb": 1, "login": "none", "user_data": "#!",
    }  # fmt: skip
    confirm = confirmation(client, url, order)
    modify_image(image, wanted={"min_ram_mb": 512}, actor=people.bob)

    page = client.get(confirm, follow=True)
    assert page.context["form"].errors.as_data()["flavor"][0].code == "fit-memory-min"


@pytest.mark.parametrize("name", ["t6-large", "t6-huge"])
def test_orders_begin_with_the_default_flavor_of_the_image_as_long_as_it_fits(people, name):
    for memory_mb, other in ((256, "t6-small"), (512, "t6-large"), (1024, "t6-huge")):
        factories.FlavorFactory(name=other, memory_mb=memory_mb)
    chosen, plain = an_image(people.bob), an_image(people.bob, name="plain")
    modify_image(chosen, wanted={"default_flavor": Flavor.objects.get(name=name)}, actor=people.bob)
    assert f"default flavor: – → {name}" in Event.objects.get(action="updateImage").sentence
    client, url = client_of(people.bob), reverse("servers-create")

    def begins(**typed: Any) -> str:
        return client.get(url, typed).context["form"]["flavor"].value()

    assert begins(image=chosen.pk) == name
    assert begins(image=plain.pk) == "t6-small"
    assert begins(image=chosen.pk, flavor="t6-small") == "t6-small"
    drawn = {"image": chosen.pk, "of_image": str(plain.pk), "flavor": "t6-small", "action": "refresh"}
    assert client.post(url, drawn).context["form"]["flavor"].value() == name
    Flavor.objects.filter(name=name).update(hidden=True)
    assert begins(image=chosen.pk) == "t6-small"
    Flavor.objects.all().delete()
    chosen.refresh_from_db()
    assert chosen.default_flavor is None


def test_a_default_flavor_fits_the_image(people):
    image, small = an_image(people.bob, min_ram_mb=512), factories.FlavorFactory(memory_mb=256)
    with pytest.raises(Refused, match="fit-memory-min"):
        modify_image(image, wanted={"default_flavor": small}, actor=people.bob)
    client = client_of(people.bob)
    typed = {**shown_in(client.get(page_of(image))), "default_flavor": small.pk}
    answer = client.post(page_of(image), typed)
    assert answer.status_code == 422
    assert "needs at least 512 MB of memory" in answer.content.decode()


def test_default_user_data_is_as_long_as_what_servers_take_and_its_text_is_not_in_the_trail(people):
    image = an_image(people.bob)
    with pytest.raises(Refused, match="user-data-size"):
        modify_image(image, wanted={"default_user_data": "x" * (32 * 1024 + 1)}, actor=people.bob)
    modify_image(image, wanted={"default_user_data": "#!secret-text"}, actor=people.bob)
    event = Event.objects.get(action="updateImage")
    assert event.sentence == "default user data: changed"
    assert "secret-text" not in str(vars(event))
    answer = client_of(people.dave).get(image.get_absolute_url()).content.decode()
    assert "Default user data" in answer
    assert "13 characters" in answer
    assert "secret-text" not in answer


# page -------------------------------------------------------------------------------------------------


def test_saved_user_data_fills_in_that_of_an_image_which_keeps_a_text_of_its_own(people):
    image, bob = an_image(people.bob, description="seen"), client_of(people.bob)
    saved = factories.UserDataFactory(project=people.bob.project, text="#!saved\n")
    typed = {
        **shown_in(bob.get(page_of(image))),
        "description": "typed",
        "default_user_data-choice": saved.pk,
    }
    assert bob.post(page_of(image), typed).status_code == 422, "nothing is taken that was not shown"
    answer = bob.post(page_of(image), {**typed, "action": "fill"})
    filled = shown_in(answer)
    assert answer.status_code == 200
    assert (filled["description"], filled["default_user_data"]) == ("typed", "#!saved\r\n")
    assert filled["initial-description"] == "seen", "what was seen is still known"
    assert bob.post(page_of(image), filled).status_code == 302
    image.refresh_from_db()
    assert (image.description, image.default_user_data) == ("typed", "#!saved\n")
    saved.delete()
    again = shown_in(bob.get(page_of(image)))
    assert again["default_user_data"] == "#!saved\r\n"
    assert bob.post(page_of(image), again, follow=True).content.decode().count("Nothing was changed.") == 1


def test_what_fills_in_the_default_is_saved_on_the_way(people):
    image, bob = an_image(people.bob), client_of(people.bob)
    typed = {**shown_in(bob.get(page_of(image))), "description": "typed"}
    left = bob.post(leaves(bob, page_of(image), "user-data"), typed)
    came = bob.post(left["Location"], {"name": "mine", "text": "#!mine"})
    back = shown_in(bob.get(came["Location"]))
    assert (back["description"], back["default_user_data"]) == ("typed", "#!mine")
    assert bob.post(page_of(image), back).status_code == 302
    image.refresh_from_db()
    assert image.default_user_data == "#!mine"


def test_the_page_shows_the_values_and_writes_what_was_typed(people):
    image = an_image(people.bob, description="For the web", max_ram_mb=4096, min_disk_gb=10)
    client = client_of(people.bob)
    typed = shown_in(client.get(page_of(image)))
    assert typed["description"] == "For the web"
    answer = client.post(
        page_of(image), {**typed, "name": "商城 1", "max_ram_mb": "", "nic_multi_queue": "on"}, follow=True
    )

    assert "The image 商城 1 has been modified." in answer.content.decode()
    image.refresh_from_db()
    assert (image.name, image.max_ram_mb, image.nic_multi_queue) == ("商城 1", None, True)
    assert image.description == "For the web"


def test_sending_it_as_it_was_changes_nothing_and_leaves_no_trace(people):
    image = an_image(people.bob, nic_multi_queue=True)
    client = client_of(people.bob)
    answer = client.post(page_of(image), shown_in(client.get(page_of(image))), follow=True)

    assert "Nothing was changed." in answer.content.decode()
    assert not Event.objects.exists()
    assert Image.objects.get().updated_at == image.updated_at


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": " "}, "A name has 1 to 128 letters"),
        ({"name": "x" * 129}, "A name has 1 to 128 letters"),
        ({"description": "<script>"}, "A description contains no line breaks"),
        ({"min_ram_mb": "-1"}, "greater than or equal to 0"),
        ({"min_ram_mb": "9" * 40}, "less than or equal to"),
        ({"max_ram_mb": "x"}, "Enter a whole number"),
        ({"boot_mode": "coal"}, "Select a valid choice"),
        ({"os_version": "0"}, "Select a valid choice"),
        ({"min_disk_gb": "5"}, "must be at least that"),
        ({"min_ram_mb": "2", "max_ram_mb": "1"}, "The maximum memory is below the minimum"),
    ],
)
def test_what_is_typed_wrong_is_said_and_nothing_is_written(people, typed, sentence):
    image = an_image(people.bob, min_disk_gb=10)
    client = client_of(people.bob)
    answer = client.post(page_of(image), {**shown_in(client.get(page_of(image))), **typed})

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert Image.objects.get().updated_at == image.updated_at


def test_a_conflict_keeps_what_was_typed_and_is_decided_field_by_field(people):
    image = an_image(people.bob, description="old")
    bob = client_of(people.bob)
    typed = {**shown_in(bob.get(page_of(image))), "name": "bobs", "description": "bobs", "max_ram_mb": "9"}
    modify_image(
        image, wanted={"name": "alices", "description": "alices", "min_ram_mb": 3, "protected": True},
        actor=people.alice,
    )  # fmt: skip

    answer = bob.post(page_of(image), typed)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "The last change was made by alice" in page
    assert "Take “alices” instead" in page
    assert Event.objects.get(result="warning").code == "conflict"
    again = shown_in(answer)
    wanted = {"name": "bobs", "description": "bobs", "min_ram_mb": "3", "max_ram_mb": "9"}
    assert {name: again[name] for name in wanted} == wanted
    assert "protected" in again  # what was left alone is as it is now
    assert bob.post(page_of(image), {**again, "take": "description"}).status_code == 302
    image.refresh_from_db()
    assert (image.name, image.description, image.min_ram_mb, image.max_ram_mb) == ("bobs", "alices", 3, 9)
    assert image.protected


def test_a_third_who_comes_between_is_met_again(people):
    image = an_image(people.bob)
    bob = client_of(people.bob)
    typed = {**shown_in(bob.get(page_of(image))), "name": "bobs"}
    for name in ("one", "two"):
        modify_image(image, wanted={"name": name}, actor=people.alice)
        answer = bob.post(page_of(image), typed)
        assert answer.status_code == 409
        typed = shown_in(answer)
    assert bob.post(page_of(image), typed).status_code == 302
    assert Image.objects.get().name == "bobs"


def test_hidden_fields_that_were_tampered_with_are_as_good_as_none(people):
    image = an_image(people.bob)
    bob = client_of(people.bob)
    typed = shown_in(bob.get(page_of(image)))
    broken = {name: "\x01<>" if name.startswith("initial-") else value for name, value in typed.items()}

    assert bob.post(page_of(image), {**broken, "name": "bobs", "take": "no-such"}).status_code == 302
    assert Image.objects.get().name == "bobs"


def test_the_page_tells_which_servers_stay_and_what_is_fixed(people):
    image = an_image(people.bob, os_detected=True)
    factories.ServerFactory(project=people.bob.project, image=image)
    page = client_of(people.bob).get(page_of(image)).content.decode()

    assert "1 server of this project was made from it and stays as it is" in page
    assert "The system was found in the image itself." in page
    assert 'name="os_version"' not in page


def test_who_only_reads_sees_why_and_a_stranger_finds_nothing(people):
    image = an_image(people.bob)
    dave = client_of(people.dave)
    assert "Your role in this project is read-only" in dave.get(page_of(image)).content.decode()
    assert dave.post(page_of(image), {"name": "x"}).status_code == 409
    carol = client_of(people.carol)
    assert [carol.get(page_of(image)).status_code, carol.post(page_of(image)).status_code] == [404, 404]


def test_the_page_costs_the_same_for_1_and_100_images(people, django_assert_num_queries):
    image = an_image(people.bob)
    client = client_of(people.bob)
    client.get(page_of(image))
    with django_assert_num_queries(10) as few:
        client.get(page_of(image))
    factories.ImageFactory.create_batch(100, project=people.bob.project)
    factories.ServerFactory.create_batch(20, project=people.bob.project, image=image)
    with django_assert_num_queries(len(few)):
        client.get(page_of(image))
