"""The user data of a new system: chosen, shown, changed, and never sent unseen; in every form that takes it."""

from typing import Any

import pytest
from django.urls import reverse

from images.launch.services import create_servers
from images.models import Image
from imsconsole.accounts.models import Draft
from imsconsole.cloud.models import Server, UserData
from tests import factories
from tests.accounts.test_kept_forms import leaves
from tests.cloud.conftest import engine  # noqa: F401
from tests.conftest import HTMX, client_of
from tests.images.change_os.many.test_change_os_many import picked
from tests.support.forms import shown_in

pytestmark = pytest.mark.django_db
CREATE = reverse("servers-create")
SAVED, DEFAULT = "#!/bin/sh\necho from-the-saved-text\n", "#!/bin/sh\necho from-the-image\n"
CHOSEN_ON_THE_PAGE = {"login": "none", "action": "confirm"}


@pytest.fixture
def setup(people) -> UserData:
    return factories.UserDataFactory(project=people.bob.project, name="setup", text=SAVED)


@pytest.fixture
def flavor(db) -> Any:
    return factories.FlavorFactory(name="t6-tiny-1", series="t6", memory_mb=64)


def an_image(project, **fields) -> Image:
    return factories.ImageDiskFactory(image__project=project, image__os_version=None, **{
        f"image__{name}": value for name, value in fields.items()
    }).image  # fmt: skip


def a_server(actor, image: Image | None = None) -> Server:
    image = image or an_image(actor.project)
    server = factories.ServerFactory(project=actor.project, image=image, status="stopped", ref="there")
    factories.DiskFactory(server=server, role="system", image=image, size_gb=2)
    return server


def launching(people, image) -> str:
    return f"{CREATE}?image={image.pk}"


def changing(people, image) -> str:
    return f"{reverse('servers-change-os', args=[a_server(people.bob).pk])}?image={image.pk}"


def reinstalling(people, image) -> str:
    return reverse("servers-reinstall-os", args=[a_server(people.bob, image).pk])


def changing_many(people, image) -> str:
    servers = [a_server(people.bob), a_server(people.bob)]
    return f"{picked(client_of(people.bob), servers)}?image={image.pk}"


FORMS = (launching, changing, reinstalling, changing_many)


def shown(answer) -> dict[str, Any]:
    """What a browser would send of it, with ends of lines as systems have them; and a name, if one is asked for."""
    values = {name: value.replace("\r\n", "\n") for name, value in shown_in(answer, "step-choose").items()}  # type: ignore[union-attr]
    fields = answer.context["form"].fields
    first = {"name": "web", "zone": fields["zone"].queryset[0].pk} if "zone" in fields else {}
    return values | {name: value for name, value in first.items() if not values.get(name)}


def sent_on(client, answer, url, **changes) -> str:
    """The page of confirmation that a form as it is shown leads to."""
    answer = client.post(url, {**shown(answer), **CHOSEN_ON_THE_PAGE, **changes})
    assert answer.status_code == 302, answer.context["form"].errors
    return str(client.get(answer["Location"]).content.decode())


# ── every form ──────────────────────────────────────────────────────────────
@pytest.mark.parametrize("form_of", FORMS)
def test_what_is_saved_is_chosen_seen_and_read_once_more(people, flavor, setup, form_of) -> None:
    url, bob = form_of(people, an_image(people.bob.project)), client_of(people.bob)
    begun = bob.get(url)
    assert "setup" in begun.content.decode()
    assert "from-the-saved-text" not in begun.content.decode()
    typed = {**shown(begun), "user_data-choice": str(setup.pk), "login": "none"}

    unseen = bob.post(url, {**typed, "action": "confirm"})
    assert unseen.status_code == 422
    assert "The text is not what is chosen above" in unseen.content.decode()

    filled = bob.post(url, {**typed, "action": "fill"})
    assert shown(filled)["user_data"] == SAVED
    assert "from-the-saved-text" in sent_on(bob, filled, url)
    edited = sent_on(bob, filled, url, user_data=f"{SAVED}echo and-more\n")
    assert "and-more" in edited


@pytest.mark.parametrize("form_of", FORMS)
def test_the_default_of_ones_own_image_is_there_to_be_read(people, flavor, form_of) -> None:
    image, bob = an_image(people.bob.project, default_user_data=DEFAULT), client_of(people.bob)
    url = form_of(people, image)
    begun = bob.get(url)
    assert shown(begun)["user_data-choice"] == "image"
    assert shown(begun)["user_data"] == DEFAULT
    assert "from-the-image" in sent_on(bob, begun, url)


@pytest.mark.parametrize("form_of", [launching, changing])
def test_that_of_a_shared_image_is_offered_and_filled_in_when_it_is_chosen(people, flavor, form_of) -> None:
    share = factories.ShareFactory(project=people.bob.project, status="accepted")
    Image.objects.filter(pk=share.image_id).update(default_user_data=DEFAULT, os_version=None)
    factories.ImageDiskFactory(image=share.image)
    url, bob = form_of(people, share.image), client_of(people.bob)
    begun = bob.get(url)
    assert "from-the-image" not in begun.content.decode()
    filled = bob.post(url, {**shown(begun), "user_data-choice": "image", "action": "refresh"}, headers=HTMX)
    assert "from-the-image" in filled.content.decode()


@pytest.mark.parametrize("form_of", FORMS)
def test_with_scripts_the_text_comes_beside_the_choices(people, flavor, setup, form_of) -> None:
    url, bob = form_of(people, an_image(people.bob.project)), client_of(people.bob)
    typed = {**shown(bob.get(url)), "action": "refresh"}
    by_select = {**HTMX, "HX-Trigger": "user-data-choice"}
    answer = bob.post(url, {**typed, "user_data-choice": str(setup.pk)}, headers=by_select).content.decode()
    assert answer.count('id="user-data"') == 1
    assert 'id="user-data" hx-swap-oob="true"' in answer
    assert "from-the-saved-text" in answer
    nothing_new = bob.post(url, {**typed, "user_data": "typing"}, headers=HTMX).content.decode()
    assert 'id="user-data"' not in nothing_new, "what is being typed stays"


# ── orders of servers ───────────────────────────────────────────────────────
def test_another_image_brings_its_default_and_takes_the_former(people, flavor) -> None:
    first, second = (an_image(people.bob.project, default_user_data=f"of-{n}") for n in "ab")
    plain, bob = an_image(people.bob.project), client_of(people.bob)
    begun = shown(bob.get(launching(people, first)))
    assert begun["user_data"] == "of-a"
    for image, text in ((second, "of-b"), (plain, "")):
        answer = bob.post(CREATE, {**begun, "image": image.pk, "action": "refresh"}, headers=HTMX)
        assert answer.context["form"]["user_data"].value() == text
        assert 'id="user-data" hx-swap-oob' in answer.content.decode()
    at_once = bob.post(CREATE, {**begun, **CHOSEN_ON_THE_PAGE, "image": second.pk})
    assert at_once.context["form"].errors.keys() == {"user_data"}, "that of the former image is not taken"


def test_a_server_gets_what_was_shown_and_nothing_by_itself(people, flavor, setup, engine) -> None:  # noqa: F811
    image, bob = an_image(people.bob.project, default_user_data=DEFAULT), client_of(people.bob)
    begun = bob.get(launching(people, image))
    answer = bob.post(CREATE, {**shown(begun), **CHOSEN_ON_THE_PAGE})
    Image.objects.update(default_user_data="changed since")
    setup.delete()
    bob.post(answer["Location"])
    assert Server.objects.get(name="web").user_data == DEFAULT
    create_servers(image=image, flavor=flavor, name="bare", password_hash="$6$x", actor=people.bob)
    assert Server.objects.get(name="bare").user_data == ""


def test_going_back_shows_it_as_it_was_even_if_what_was_chosen_is_gone(people, flavor, setup) -> None:
    image, bob = an_image(people.bob.project), client_of(people.bob)
    url = launching(people, image)
    filled = bob.post(url, {**shown(bob.get(url)), "user_data-choice": str(setup.pk), "action": "fill"})
    sent_on(bob, filled, url)
    draft = Draft.objects.get()
    back = shown(bob.get(f"{CREATE}?draft={draft.pk}"))
    assert (back["user_data"], back["user_data-choice"]) == (SAVED, str(setup.pk))
    setup.delete()
    confirm = bob.get(reverse("servers-create-confirm", args=[draft.pk]))
    assert "from-the-saved-text" in confirm.content.decode()


@pytest.mark.parametrize("form_of", FORMS)
def test_a_typed_text_is_saved_on_the_way_and_chosen(people, flavor, form_of) -> None:
    url, bob = form_of(people, an_image(people.bob.project)), client_of(people.bob)
    typed = {**shown(bob.get(url)), "user_data": SAVED}
    left = bob.post(leaves(bob, url, "user-data"), typed)
    page = bob.get(left["Location"])
    assert page.context["form"]["text"].value() == SAVED, "it begins with what was typed"
    came = bob.post(left["Location"], {"name": "mine", "text": SAVED})
    back = bob.get(came["Location"])
    assert shown(back)["user_data-choice"] == str(UserData.objects.get().pk)
    assert shown(back)["user_data"] == SAVED
    assert "from-the-saved-text" in sent_on(bob, back, url)


def test_who_only_reads_sees_no_saved_text(people, flavor, setup) -> None:
    url, dave = launching(people, an_image(people.bob.project)), client_of(people.dave)
    answer = dave.post(url, {**shown(dave.get(url)), "user_data-choice": str(setup.pk), "action": "fill"})
    assert "from-the-saved-text" not in answer.content.decode()
    assert "setup" not in answer.content.decode()


def test_with_scripts_what_is_chosen_no_more_is_not_asked_about_any_more(people, flavor, setup) -> None:
    url, bob = launching(people, an_image(people.bob.project)), client_of(people.bob)
    typed = {**shown(bob.get(url)), "user_data": "typed", "action": "refresh"}
    headers = {**HTMX, "HX-Trigger": "user-data-choice"}
    asked = bob.post(url, {**typed, "user_data-choice": str(setup.pk)}, headers=headers).content.decode()
    assert "Something else is typed below" in asked
    again = bob.post(url, typed, headers=headers).content.decode()
    assert 'id="user-data" hx-swap-oob' in again
    assert "Something else is typed below" not in again
