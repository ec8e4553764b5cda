"""Encryption keys as a list and in a file, and those that others granted."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.keys.actions import KEY_ACTIONS
from imsconsole.cloud.models import Key, KeyGrant
from imsconsole.core.cells import copyable, fragment, lines, named
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import ActionsColumn, Empty, ImsTable, NameColumn, NumberColumn, TimeColumn

COLUMNS: Columns = (
    (_("Name"), lambda key: key.name),
    (_("Key ID"), lambda key: str(key.pk)),
    (_("Status"), lambda key: key.get_state_display()),
    (_("Default key"), lambda key: str(_("Yes") if key.is_default else _("No"))),
    (_("Description"), lambda key: key.description),
    (_("Grants"), lambda key: key.grants_count),
    (_("Created at"), lambda key: moment(key.created_at)),
    (_("Is deleted at"), lambda key: moment(key.delete_at)),
)


def state_of(key: Key) -> SafeString:
    return fragment("cloud/keys/_state.html", key=key)


class KeyTable(ImsTable):
    """Keys with `grants_count`."""

    caption = _("Encryption keys")
    empty = Empty(
        _("No encryption keys yet"),
        _(
            "The default key ims/default is made when it is first needed. Create a key of your own to share what it encrypts, or to be able to disable and delete it."
        ),
        icon="lock-closed",
    )
    choosable: ClassVar[dict[str, bool]] = {
        "state": True,
        "description": True,
        "grants_count": True,
        "delete_at": False,
        "created_at": True,
    }

    name = NameColumn()
    state = tables.Column(order_by=("state", "pk"))
    description = tables.Column(orderable=False, attrs={"td": {"class": "wrap"}})
    grants_count = NumberColumn("grants_count", verbose_name=_("Grants"))
    delete_at = TimeColumn("delete_at")
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(KEY_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Key
        fields = ("name", "state", "description", "grants_count", "delete_at", "created_at", "actions")
        order_by = "-created_at"
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "keys-table"}

    def render_name(self, record: Key) -> SafeString:
        tag = format_html(' <span class="tag">{}</span>', gettext("Default")) if record.is_default else ""
        return named(record.name, record.pk, tag, url=record.get_absolute_url())

    def render_state(self, record: Key) -> SafeString:
        day = date_format(localtime(record.delete_at), "DATE_FORMAT") if record.delete_at else ""
        return lines(state_of(record), day and gettext("on %(at)s") % {"at": day})

    def render_description(self, value: str) -> str:
        return Truncator(value).chars(80)


class ReceivedTable(ImsTable):
    """Grants of others' keys: whose they are, and whether they can be used now."""

    caption = _("Keys granted to this project")
    empty = Empty(
        _("No keys granted to this project"),
        _(
            "Who shares an encrypted image with you grants its key first. Give them the ID of this project; it is on the page Project."
        ),
        icon="lock-closed",
        url_name="project",
        label=_("Show the project ID"),
    )

    key = tables.Column(verbose_name=_("Name/ID"), order_by=("key__name", "pk"))
    state = tables.Column(accessor="key__state", verbose_name=_("Status"), order_by=("key__state", "pk"))
    owner = tables.Column(
        accessor="key__project_id", verbose_name=_("Project ID of the owner"), orderable=False
    )
    created_at = TimeColumn("created_at")

    class Meta(ImsTable.Meta):
        model = KeyGrant
        fields = ("key", "state", "owner", "created_at")
        order_by = "-created_at"
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "received-table"}

    def render_key(self, value: Key) -> SafeString:
        """Another project's: it has no page here."""
        return named(value.name, value.pk)

    def render_state(self, record: KeyGrant) -> SafeString:
        return state_of(record.key)

    def render_owner(self, value: Any) -> SafeString:
        return copyable(value)
