"""Saved views of a list and its chosen columns: rules, services, pages."""

import pytest
from django.urls import reverse

from imsconsole.accounts import rules_views as rules
from imsconsole.accounts.models import SavedView
from imsconsole.accounts.services.saved_views import change_view, delete_view, save_view, set_default_view
from imsconsole.audit.models import Event
from imsconsole.core.project_urls import bare
from imsconsole.core.rules import Refused
from tests.conftest import client_of

pytestmark = pytest.mark.django_db


def saved(actor, name="mine", query="tab=private&status=active", **fields):
    return save_view(room="images", name=name, query=query, actor=actor, **fields)


def visible(actor):
    return [view.name for view in SavedView.objects.visible_to(actor)]


def test_a_view_is_its_owner_s_until_it_is_shared_and_never_another_account_s(people):
    view = saved(people.bob)
    assert (visible(people.bob), visible(people.alice), visible(people.carol)) == (["mine"], [], [])

    change_view(view, name="ours", shared=True, actor=people.bob)
    assert (visible(people.alice), visible(people.dave), visible(people.carol)) == (["ours"], ["ours"], [])
    assert list(Event.objects.values_list("action", flat=True)) == ["changeView", "saveView"]


@pytest.mark.parametrize(
    ("name", "change", "delete"),
    [
        ("bob", "", ""),
        ("alice", "not-your-view", ""),  # an administrator of the account
        ("dave", "not-your-view", "not-your-view-to-delete"),
    ],
)
def test_who_may_change_and_delete_a_shared_view(people, name, change, delete):
    view, actor = saved(people.bob, shared=True), getattr(people, name)

    assert rules.can_change_view(view, actor).code == change
    assert rules.can_delete_view(view, actor).code == delete


def test_what_is_not_shared_is_deleted_by_nobody_else(people):
    assert rules.can_delete_view(saved(people.bob), people.alice).code == "not-your-view-to-delete"


def test_a_reader_keeps_views_but_does_not_share_them(people):
    view = saved(people.dave)
    with pytest.raises(Refused, match="read-only"):
        saved(people.dave, name="other", shared=True)
    with pytest.raises(Refused, match="read-only"):
        change_view(view, name="mine", shared=True, actor=people.dave)


def test_names_are_one_s_own_and_different(people):
    view = saved(people.bob)
    saved(people.alice)  # of the same name
    with pytest.raises(Refused, match="view-name-taken"):
        saved(people.bob)

    change_view(view, name="mine", shared=False, actor=people.bob)  # its own name is no other's
    other = saved(people.bob, name="other")
    with pytest.raises(Refused, match="view-name-taken"):
        change_view(other, name="mine", shared=False, actor=people.bob)


def test_one_view_of_each_list_is_each_person_s_first(people):
    first, second = saved(people.bob, shared=True), saved(people.bob, name="second", shared=True)
    servers = save_view(room="servers", name="busy", query="q=web", actor=people.bob)

    def firsts(actor):
        return {view.name for view in SavedView.objects.filter(default_for=actor.user)}

    for view, actor in (
        (first, people.alice),
        (servers, people.bob),
        (first, people.bob),
        (second, people.bob),
    ):
        set_default_view(view, is_default=True, actor=actor)
    assert (firsts(people.bob), firsts(people.alice)) == ({"second", "busy"}, {"mine"})
    set_default_view(second, is_default=False, actor=people.bob)
    assert (firsts(people.bob), firsts(people.alice)) == ({"busy"}, {"mine"})


def test_there_is_an_end_to_the_number_of_views(people, monkeypatch):
    monkeypatch.setattr(rules, "MOST_VIEWS", 2)
    for name in ("a", "b"):
        saved(people.bob, name=name)

    with pytest.raises(Refused, match="too-many-views"):
        saved(people.bob, name="c")


@pytest.mark.slow(reason="a list is drawn with each view it may open with")
def test_one_view_opens_the_list_and_only_at_its_bare_address(people):
    first, second = saved(people.bob), saved(people.bob, name="web", query="q=web&tab=private")
    for view in (first, second):
        set_default_view(view, is_default=True, actor=people.bob)
    client, address = client_of(people.bob), reverse("images:list")

    assert bare(client.get(address)["Location"]) == f"{address}?q=web&tab=private"
    assert client.get(address, {"tab": "public"}).status_code == 200
    assert client_of(people.alice).get(address).status_code == 200
    set_default_view(second, is_default=False, actor=people.bob)
    assert client.get(address).status_code == 200


def test_a_view_that_is_no_longer_shared_opens_nobody_else_s_list(people):
    view = saved(people.bob, shared=True)
    set_default_view(view, is_default=True, actor=people.alice)
    change_view(view, name="mine", shared=False, actor=people.bob)

    assert client_of(people.alice).get(reverse("images:list")).status_code == 200


def test_a_deleted_view_is_gone_once(people):
    view = saved(people.bob)
    pk = view.pk
    delete_view(view, actor=people.bob)
    assert Event.objects.get(action="deleteView").resource_id == str(pk)
    answer = client_of(people.bob).post(reverse("delete-view", args=[view.pk]))

    assert (SavedView.objects.exists(), answer.status_code) == (False, 404)


# pages -----------------------------------------------------------------------------------------------


def test_saving_keeps_filters_order_and_size_but_not_the_page_and_leads_to_the_view(people):
    answer = client_of(people.bob).post(
        reverse("save-view", args=["images"]),
        {
            "name": "big",
            "query": "tab=private&q=&disk_min=40&sort=-name&page=7&tag=a%3D1&tag=b",
            "shared": "on",
        },
    )
    view = SavedView.objects.get()

    assert view.query == "tab=private&disk_min=40&sort=-name&tag=a%3D1&tag=b"
    assert (view.shared, bare(answer["Location"])) == (True, f"{reverse('images:list')}?{view.query}")


def test_the_columns_are_kept_when_asked_for(people):
    client_of(people.bob).post(
        reverse("save-view", args=["images"]),
        {"name": "few", "query": "tab=private", "columns": "type,tags,"},
    )

    assert SavedView.objects.get().query == "tab=private&columns=type%2Ctags%2C"


@pytest.mark.parametrize(
    "data",
    [
        {"name": " ", "query": "tab=private"},
        {"name": "x" * 65, "query": "tab=private"},
        {"name": "long", "query": "q=" + "x" * 2000},
    ],
)
def test_a_name_that_cannot_be_is_answered_with_a_sentence(people, data):
    answer = client_of(people.bob).post(reverse("save-view", args=["images"]), data)

    assert (answer.status_code, SavedView.objects.exists()) == (422, False)
    assert 'role="alert"' in answer.content.decode()


def test_a_list_that_is_none_is_not_found(people):
    for name in ("views", "save-view", "choose-columns"):
        address, client = reverse(name, args=["nonsense"]), client_of(people.bob)
        answer = client.get(address) if name == "views" else client.post(address, {"name": "x"})
        assert answer.status_code == 404


def test_the_list_shows_its_views_and_which_one_is_shown(people):
    saved(people.bob)
    saved(people.alice, name="theirs", query="tab=public", shared=True)
    page = client_of(people.bob).get(reverse("images:list"), {"status": "active", "tab": "private"})

    assert [view.name for view in page.context["list"].views] == ["mine", "theirs"]
    assert page.context["list"].current.name == "mine"
    assert '/views/images/">' in page.content.decode()


def test_the_page_of_views_renames_shares_and_deletes(people):
    view, client = saved(people.bob), client_of(people.bob)
    client.post(reverse("change-view", args=[view.pk]), {"name": "renamed", "shared": "on"})
    client.post(reverse("set-default-view", args=[view.pk]), {"default": "on"})
    page = client.get(reverse("views", args=["images"])).content.decode()
    assert 'value="renamed"' in page
    assert "No longer open the list with it" in page

    others = client_of(people.dave).get(reverse("views", args=["images"])).content.decode()
    assert "Only the person who saved this view can change it" in others

    assert "Delete the view renamed?" in client.get(reverse("delete-view", args=[view.pk])).content.decode()
    assert SavedView.objects.exists()
    client.post(reverse("delete-view", args=[view.pk]))
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("count", [1, 12])
def test_the_page_of_views_asks_as_often_for_many_as_for_one(people, django_assert_num_queries, count):
    for number in range(count):
        saved(people.bob, name=f"view-{number}")
    client = client_of(people.bob)
    with django_assert_num_queries(6):
        client.get(reverse("views", args=["images"]))


def headings(actor, **query):
    table = client_of(actor).get(reverse("images:list"), {"tab": "private", **query}).context["table"]
    return [column.name for column in table.columns]


@pytest.mark.slow(reason="a list is drawn anew after each choice of columns")
def test_columns_are_chosen_remembered_and_as_usual_again(people):
    usual, client = headings(people.bob), client_of(people.bob)
    answer = client.post(
        reverse("choose-columns", args=["images"]),
        {"column": ["type", "tags", "nonsense", "pick"], "state": "tab=private&q=web"},
    )
    assert bare(answer["Location"]) == f"{reverse('images:list')}?tab=private&q=web"
    assert headings(people.bob) == ["pick", "name", "type", "tags", "actions"]
    assert headings(people.alice) == usual

    client.post(reverse("choose-columns", args=["images"]), {})
    assert headings(people.bob) == ["pick", "name", "actions"]
    client.post(reverse("choose-columns", args=["images"]), {"reset": "1"})
    assert headings(people.bob) == usual


def test_columns_of_the_address_go_before_the_remembered_ones(people):
    assert headings(people.bob, columns="boot_mode,nonsense") == ["pick", "name", "boot_mode", "actions"]
