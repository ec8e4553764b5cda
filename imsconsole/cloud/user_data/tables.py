"""The list of saved user data, and the columns of its file: the texts are in neither."""

from typing import ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.cloud.models import UserData
from imsconsole.cloud.user_data.actions import USER_DATA_ACTIONS
from imsconsole.core.csv import Columns, moment
from imsconsole.core.tables import ActionsColumn, Empty, ImsTable, TimeColumn

COLUMNS: Columns = (
    (_("Name"), lambda user_data: user_data.name),
    ("ID", lambda user_data: user_data.pk),
    (_("Characters"), lambda user_data: user_data.characters),
    (_("Created by"), lambda user_data: user_data.created_by),
    (_("Created at"), lambda user_data: moment(user_data.created_at)),
    (_("Updated at"), lambda user_data: moment(user_data.updated_at)),
)


class UserDataTable(ImsTable):
    choosable: ClassVar[dict[str, bool]] = {
        "characters": True,
        "created_by": True,
        "updated_at": True,
        "created_at": False,
    }

    name = tables.Column()
    characters = tables.Column(
        verbose_name=_("Characters"),
        orderable=False,
        attrs={name: {"class": "number"} for name in ("th", "td")},
    )
    created_by = tables.Column(verbose_name=_("Created by"), orderable=False)
    updated_at = TimeColumn("updated_at", verbose_name=_("Updated"))
    created_at = TimeColumn("created_at", verbose_name=_("Created"))
    actions = ActionsColumn(USER_DATA_ACTIONS)

    caption = _("User data")
    empty = Empty(
        _("No saved user data yet"),
        _(
            "User data tells cloud-init what to do at the first start of a server. Saved under a name it is chosen when servers are created."
        ),
        icon="command-line",
    )

    class Meta(ImsTable.Meta):
        model = UserData
        fields = ("name", "characters", "created_by", "updated_at", "created_at", "actions")
        order_by = "name"
