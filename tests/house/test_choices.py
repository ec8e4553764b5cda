"""Choices of rows that a rule narrows: what it refuses is not offered, and is told the rule's sentence when it is sent."""

from typing import Any

import pytest
from django import forms

from images.copy.forms import CopyHereForm
from images.create.forms import DetailsForm
from images.create.from_object.forms import ObjectForm
from images.export.forms import TargetForm
from images.fields.forms import KeyField
from images.launch.disk.forms import CreateDiskForm
from images.launch.install.forms import InstallForm
from images.restore.forms import RestoreToNewForm
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.hosts import Host
from imsconsole.core.now import now
from imsconsole.core.pickers import PickerField
from imsconsole.engine.types import Capabilities
from market.listings.forms import VersionForm
from sharing.inbox.forms import ReceivingVaultForm
from tests import factories

pytestmark = pytest.mark.django_db
HOST = Host(
    Capabilities(
        architectures=frozenset({"x86"}), boot_modes=frozenset({"bios"}), accelerator="tcg", memory_mb=4096
    ),
    4096,
)


def bucket(actor: Actor) -> tuple[Any, Any]:
    warm = factories.BucketFactory(project=actor.project, storage_class="warm")
    return TargetForm(actor=actor).fields["bucket"], warm


def bucket_object(actor: Actor) -> tuple[Any, Any]:
    warm = factories.BucketFactory(project=actor.project, storage_class="warm")
    return ObjectForm(actor=actor).fields["object"], factories.BucketObjectFactory(bucket=warm)


def bucket_objects(actor: Actor) -> tuple[Any, Any]:
    return ObjectForm(actor=actor).fields["data_objects"], bucket_object(actor)[1]


def arm() -> Any:
    return factories.FlavorFactory(name="kc1-large", series="kc1", architecture="arm")


def flavor_to_install(actor: Actor) -> tuple[Any, Any]:
    flavor, image = arm(), factories.ImageFactory(project=actor.project, type="iso")
    return InstallForm(image=image, actor=actor, host=HOST).fields["flavor"], flavor


def flavor_of_backup(actor: Actor) -> tuple[Any, Any]:
    flavor, image = arm(), factories.ImageFactory(project=actor.project)
    backup = factories.BackupFactory(project=actor.project, image=image)
    return RestoreToNewForm(backup=backup, actor=actor, host=HOST).fields["flavor"], flavor


def image_of_disk(actor: Actor) -> tuple[Any, Any]:
    frozen = factories.ImageFactory(project=actor.project, type="data", status="frozen")
    return CreateDiskForm(actor=actor).fields["image"], frozen


def key_of_image(actor: Actor) -> tuple[Any, Any]:
    disabled, field = factories.KeyFactory(project=actor.project, state="disabled"), KeyField()
    field.offer_to(actor)
    return field, disabled


def image_of_offer(actor: Actor) -> tuple[Any, Any]:
    return VersionForm(actor=actor).fields["image"], factories.ImageFactory(
        project=actor.project, type="data"
    )


def vault_to_receive(actor: Actor) -> tuple[Any, Any]:
    share = factories.ShareFactory(image__type="full", project=actor.project)
    factories.ImageDiskFactory(image=share.image, size_bytes=2 << 40)
    vault = factories.VaultFactory(project=actor.project)
    return ReceivingVaultForm(share=share, actor=actor).fields["vault"], vault


def file_of_data_disk(actor: Actor) -> tuple[Any, Any]:
    mine = {"project": actor.project, "user": actor.user, "expires_at": now()}
    system, other = factories.UploadFactory(**mine), factories.UploadFactory(**mine)
    system.found = {"format": "raw", "virtual_size_bytes": 1 << 20, "size_bytes": 1 << 20}
    return DetailsForm(actor=actor, upload=system, image_type="system").fields["data_1_upload"], other


CHOICES = {
    bucket: "bucket-not-standard",
    bucket_object: "bucket-not-standard",
    bucket_objects: "bucket-not-standard",
    flavor_to_install: "fit-architecture",
    flavor_of_backup: "fit-architecture",
    image_of_disk: "not-active",
    key_of_image: "key-not-enabled",
    image_of_offer: "not-system",
    vault_to_receive: "vault-needed",
    file_of_data_disk: "upload-gone",
}


@pytest.mark.parametrize(
    ("choice", "code"), CHOICES.items(), ids=lambda given: getattr(given, "__name__", given)
)
def test_what_a_rule_refuses_is_not_offered_and_gets_its_sentence_when_it_is_sent(people, choice, code):
    field, row = choice(people.bob)
    shown = (
        [each.pk for each in field.found("", 99)]
        if isinstance(field, PickerField)
        else field.widget.render("choice", None)
    )
    assert str(row.pk) not in str(shown)
    with pytest.raises(forms.ValidationError) as refused:
        field.clean([row.pk] if isinstance(field, forms.ModelMultipleChoiceField) else row.pk)
    assert refused.value.code == code


def test_the_key_that_an_image_has_already_is_refused_in_the_rules_words(people):
    key = factories.KeyFactory(project=people.bob.project)
    image = factories.ImageFactory(project=people.bob.project, key=key)
    form = CopyHereForm({"key": key.pk, "name-0": "copy"}, images=[image], actor=people.bob)
    assert "encrypted with this key already" in str(form.errors["key"])


def test_what_is_not_there_at_all_is_no_choice(people):
    field, _row = bucket(people.bob)
    other = factories.BucketFactory(project=people.carol.project)
    with pytest.raises(forms.ValidationError) as refused:
        field.clean(other.pk)
    assert refused.value.code == "invalid_choice"
