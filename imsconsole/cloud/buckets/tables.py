"""The lists of buckets and of the objects in one."""

from typing import Any, ClassVar

import django_tables2 as tables
from django.utils.translation import gettext_lazy as _

from imsconsole.accounts.actor import Actor
from imsconsole.cloud.buckets.actions import BUCKET_ACTIONS, OBJECT_ACTIONS
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.core.tables import (
    ActionsColumn,
    FragmentColumn,
    ImsTable,
    NumberColumn,
    PickColumn,
    TimeColumn,
)
from imsconsole.core.text import size


class BucketTable(ImsTable):
    """Buckets with their facts, for `actor`."""

    caption = _("Buckets")
    empty_template = "cloud/buckets/_empty_list.html"
    choosable: ClassVar[dict[str, bool]] = {
        "storage_class": True,
        "objects_count": True,
        "stored_bytes": True,
        "created_by": False,
        "created_at": True,
    }

    name = tables.Column(linkify=True, order_by=("name",))
    storage_class = tables.Column(order_by=("storage_class", "pk"))
    objects_count = NumberColumn("objects_count", verbose_name=_("Objects"))
    stored_bytes = NumberColumn("stored_bytes", verbose_name=_("Used"))
    created_by = tables.Column(order_by=("created_by__username", "pk"))
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(BUCKET_ACTIONS)

    class Meta(ImsTable.Meta):
        model = Bucket
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "buckets-table"}

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def render_stored_bytes(self, value: int) -> str:
        return size(value)


class ObjectTable(ImsTable):
    """Objects for `actor`, named by what is left of their key behind the folder that is shown."""

    caption = _("Objects")
    empty_template = "cloud/buckets/_empty_bucket.html"

    pick = PickColumn()
    key = FragmentColumn(
        template_name="cloud/buckets/_object_name.html", verbose_name=_("Object name"), order_by=("key",)
    )
    size_bytes = NumberColumn("size_bytes")
    created_by = tables.Column(order_by=("created_by__username", "pk"))
    created_at = TimeColumn("created_at")
    actions = ActionsColumn(OBJECT_ACTIONS)

    class Meta(ImsTable.Meta):
        model = BucketObject
        fields = ()
        attrs: ClassVar[dict[str, str]] = {"class": "table", "id": "objects-table"}
        order_by = ("key",)

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor

    def render_size_bytes(self, value: int) -> str:
        return size(value)
