"""The list of one's messages."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.core.tables import ActionsColumn, FragmentColumn, ImsTable
from imsconsole.notifications.actions import MESSAGE_ACTIONS
from imsconsole.notifications.models import Message


class MessageTable(ImsTable):
    """Level, sentence, project, time; the unread ones stand out."""

    caption = _("Messages")
    empty_template = "notifications/_empty_list.html"

    code = FragmentColumn(
        template_name="notifications/_cell_sentence.html", verbose_name=_("Message"), orderable=False
    )
    project = tables.Column(verbose_name=_("Project"), orderable=False)
    created_at = FragmentColumn(
        "{{ record.created_at|ago }}", verbose_name=_("Time"), order_by=("created_at", "pk")
    )
    actions = ActionsColumn(MESSAGE_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Message
        fields = ("code", "project", "created_at", "actions")
        order_by = ("-created_at",)
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "messages-table"}
        row_attrs: ClassVar[dict[str, Any]] = {
            "id": lambda record: f"message-{record.pk}",
            "class": lambda record: "" if record.read_at else "message-unread",
        }
