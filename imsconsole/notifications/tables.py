"""The list of one's messages."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import actor_for
from imsconsole.core.cells import status
from imsconsole.core.pages import pages_found
from imsconsole.core.tables import ActionsColumn, Empty, ImsTable, TimeColumn
from imsconsole.notifications.actions import MESSAGE_ACTIONS
from imsconsole.notifications.models import Message

ALL_READ = Empty(_("You have read everything"), icon="check-circle")


class MessageTable(ImsTable):
    """Level, sentence, project, time; the unread ones stand out."""

    caption = _("Messages")
    empty = Empty(
        _("No messages yet"),
        _("Here you learn how long work ended, what failed and what is about to expire."),
        icon="bell",
    )

    code = tables.Column(verbose_name=_("Message"), orderable=False)
    project = tables.Column(verbose_name=_("Project"), orderable=False)
    created_at = TimeColumn("created_at", verbose_name=_("Time"))
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

    def load(self, records: list[Message]) -> None:
        """Each `link` leads to what the message is about, while that is there and the user still is in its project.

        Without a project it is looked for in the one the reader is in.
        """
        for project in {message.project for message in records}:
            of_project = [message for message in records if message.project == project]
            actor = actor_for(self.request.user, project) if project else self.actor
            about = ((message.subject_kind, message.subject_id) for message in of_project)
            pages = pages_found(about, actor) if actor else {}
            for message in of_project:
                is_there = (message.subject_kind, str(message.subject_id)) in pages
                message.link = message.page if is_there else ""

    def nothing(self) -> Empty | None:
        return ALL_READ if self.request.GET.get("show") == "unread" else self.empty

    def render_code(self, record: Message) -> SafeString:
        """Its first word for those who see no colours."""
        word = status(record.level, record.get_level_display())
        text = format_html('{} <span class="message-text">{}</span>', word, record.sentence)
        return format_html('<div class="message">{}</div>', text)
