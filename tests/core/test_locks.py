"""One row, several, or as many as there are: as they are now, of those the queryset has."""

from types import SimpleNamespace
from uuid import uuid4

import pytest

from images.models import Image
from imsconsole.core.errors import NotFound
from imsconsole.core.locks import locked, locked_all, locked_many
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_locked_row_is_as_it_is_now(people: SimpleNamespace) -> None:
    image = factories.ImageFactory(project=people.alice.project, name="before")
    Image.objects.update(name="after")
    assert locked(Image.objects.visible_to(people.alice), image.pk).name == "after"


def test_what_is_gone_or_another_project_s_is_not_found(people: SimpleNamespace) -> None:
    image, rows = factories.ImageFactory(project=people.alice.project), Image.objects.visible_to(people.carol)
    with pytest.raises(NotFound):
        locked(Image.objects.all(), uuid4())
    with pytest.raises(NotFound):
        locked(rows, image.pk)
    with pytest.raises(NotFound) as refusal:
        locked(rows, image.pk, gone=NotFound("image-gone"))
    assert refusal.value.code == "image-gone"


def test_of_several_none_may_be_missing(people: SimpleNamespace) -> None:
    ours = factories.ImageFactory(project=people.alice.project)
    theirs = factories.ImageFactory(project=people.carol.project)
    rows = Image.objects.owned_by(people.alice)
    assert locked_many(rows, [ours.pk]) == {ours.pk: ours}
    assert locked_all(rows.filter(pk__in=[ours.pk, theirs.pk])) == [ours]
    with pytest.raises(NotFound):
        locked_many(rows, [ours.pk, theirs.pk])
