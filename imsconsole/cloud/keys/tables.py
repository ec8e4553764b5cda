"""Encryption keys as a list and as CSV, and those that others granted."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.keys.actions import KEY_ACTIONS
from imsconsole.cloud.models import Key, KeyGrant, KeyQuerySet
from imsconsole.core.csv import moment
from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable, NumberColumn, TimeColumn

COLUMNS: tuple[tuple[str | Promise, Callable[[Any], Any]], ...] = (
    (_("Name"), lambda key: key.name),
    (_("Key ID"), lambda key: str(key.pk)),
    (_("Status"), lambda key: key.get_state_display()),
    (_("Default key"), lambda key: str(_("Yes") if key.is_default else _("No"))),
    (_("Description"), lambda key: key.description),
    (_("Grants"), lambda key: key.grants_count),
    (_("Created at"), lambda key: moment(key.created_at)),
    (_("Is deleted at"), lambda key: moment(key.delete_at)),
)


class KeyTable(ImsTable):
    """Keys with `grants_count`."""

    caption = _("Encryption keys")
    empty_template = "cloud/keys/_empty.html"
    choosable: ClassVar[dict[str, bool]] = {
        "state": True,
        "description": True,
        "grants_count": True,
        "delete_at": False,
        "created_at": True,
    }

    name = FragmentColumn(
        template_name="cloud/keys/_cell_name.html", verbose_name=_("Name/ID"), order_by=("name", "pk")
    )
    state = FragmentColumn(template_name="cloud/keys/_cell_state.html", order_by=("state", "pk"))
    description = FragmentColumn(
        "{{ value|truncatechars:80 }}", orderable=False, attrs={"td": {"class": "wrap"}}
    )
    grants_count = NumberColumn("grants_count", verbose_name=_("Grants"))
    delete_at = TimeColumn("delete_at")
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(KEY_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Key
        fields = ("name", "state", "description", "grants_count", "delete_at", "created_at", "actions")
        order_by = "-created_at"
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "keys-table"}


class ReceivedTable(ImsTable):
    """Grants of others' keys: whose they are, and whether they can be used now."""

    caption = _("Keys granted to this project")
    empty_template = "cloud/keys/_empty_received.html"

    key = FragmentColumn(
        template_name="cloud/keys/_cell_granted.html", verbose_name=_("Name/ID"), order_by=("key__name", "pk")
    )
    state = FragmentColumn(
        template_name="cloud/keys/_cell_granted_state.html",
        verbose_name=_("Status"),
        order_by=("key__state", "pk"),
        empty_values=(),
    )
    owner = FragmentColumn(
        '{% include "components/_copy.html" with text=record.key.project_id %}',
        verbose_name=_("Project ID of the owner"),
        orderable=False,
        empty_values=(),
    )
    created_at = TimeColumn("created_at")

    class Meta(ImsTable.Meta):
        model = KeyGrant
        fields = ("key", "state", "owner", "created_at")
        order_by = "-created_at"
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "received-table"}


def csv_rows(keys: KeyQuerySet) -> Iterator[list[Any]]:
    """The cells of each key; 2,000 rows in memory at once."""
    for key in keys.iterator(chunk_size=2000):
        yield [cell(key) for _title, cell in COLUMNS]
