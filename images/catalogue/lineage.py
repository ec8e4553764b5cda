"""Where an image comes from and what was made of it: a tree of what the reader may see, bounded."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from images.catalogue.attributes import shows_source
from images.models import Image
from imsconsole.accounts.actor import Actor
from imsconsole.cloud.models import Server

ANCESTORS = 2
COPIES = 5
SERVERS = 5
LINEAGE_FACTS = ("servers_count",)
PLACE = ("region", "project")  # what is said of an image in another region


@dataclass
class Node:
    """A box of the picture. `kind` is source, image, this, server or more; `status` the key of a dot."""

    kind: str
    title: str
    note: str | Promise = ""
    url: str = ""
    status: str = ""
    children: list["Node"] = field(default_factory=list)

    def walk(self, depth: int = 0) -> Iterator[tuple["Node", int]]:
        """This node and all below it, each with its depth."""
        yield self, depth
        for child in self.children:
            yield from child.walk(depth + 1)


def copies_of(image: Image, actor: Actor) -> QuerySet[Image]:
    """Images made from it that the actor may see, the latest first."""
    return Image.objects.visible_to(actor).filter(parent=image).order_by("-created_at", "pk")


def lineage_of(image: Image, actor: Actor) -> Node:
    """From the oldest known source to the servers of today.

    `image` comes with `LINEAGE_FACTS`. At most a handful of queries, however much was made of it.
    """
    this = Node("this", image.name, image.get_status_display(), "", image.status)
    this.children = [*_servers(image, actor), *_copies(image, actor), *_copies_elsewhere(image, actor)]
    line = _ancestors(image, actor)
    top = _source(line[-1] if line else image, len(line), actor)
    node = top
    for ancestor in reversed(line):
        node.children = [_ancestor(ancestor, actor)]
        node = node.children[0]
    node.children = [this]
    return top


def _ancestors(image: Image, actor: Actor) -> list[Image]:
    """Parent and grandparent as far as they are visible, here or in another region, the nearest first."""
    line: list[Image] = []
    while image.parent_id and len(line) < ANCESTORS:
        found = (Image.objects.visible_to(actor), Image.objects.elsewhere(actor).select_related(*PLACE))
        parents = (images.filter(pk=image.parent_id).first() for images in found)
        if (parent := next((parent for parent in parents if parent), None)) is None:
            break
        line.append(parent)
        image = parent
    return line


def _source(oldest: Image, steps: int, actor: Actor) -> Node:
    """What the oldest image of the picture was made of."""
    if oldest.parent_id and steps == ANCESTORS:
        is_here = oldest.region_id == actor.region.pk
        url = oldest.get_absolute_url() + "?section=lineage" if is_here else ""
        return Node("more", _("earlier images"), "", url)
    if oldest.parent_id:
        return Node("source", _("deleted, or not visible here"), _("Parent image"))
    kind = oldest.get_source_kind_display()
    name = oldest.source_name if shows_source(oldest, actor) else ""
    return Node("source", name or kind, kind if name else "", _source_url(oldest, actor))


def _source_url(image: Image, actor: Actor) -> str:
    """The page of the server it was made of, while that exists and is the actor's."""
    if image.source_kind != Image.Source.SERVER or not image.source_id:
        return ""
    server = Server.objects.visible_to(actor).existing().filter(pk=image.source_id).first()
    return server.get_absolute_url() if server else ""


def _servers(image: Image, actor: Actor) -> list[Node]:
    """The actor's servers of today, the first few by name."""
    servers = Server.objects.visible_to(actor).existing().filter(image=image)[:SERVERS]
    nodes = [
        Node("server", server.name, server.get_status_display(), server.get_absolute_url(), server.status)
        for server in servers
    ]
    return nodes + _more(
        image.servers_count - len(nodes), f"{reverse('images:detail', args=[image.pk])}?section=use"
    )


def _copies(image: Image, actor: Actor) -> list[Node]:
    """Images made from it, each with the number of the actor's servers."""
    copies = copies_of(image, actor)
    shown = list(copies[:COPIES])
    servers = Server.objects.visible_to(actor).existing().filter(image__in=shown).order_by()
    counts = dict(servers.values_list("image").annotate(Count("pk")))
    nodes = [_copy(copy, counts.get(copy.pk, 0)) for copy in shown]
    return nodes + _more(copies.count() - len(nodes), "#copies")


def _copies_elsewhere(image: Image, actor: Actor) -> list[Node]:
    """Copies in other regions, the latest first. Their pages are seen from their projects only."""
    copies = Image.objects.elsewhere(actor).filter(parent=image).select_related(*PLACE)
    shown = list(copies.order_by("-created_at", "pk")[: COPIES + 1])
    nodes = [Node("image", copy.name, place_of(copy), "", copy.status) for copy in shown[:COPIES]]
    return nodes + _more(copies.count() - COPIES if len(shown) > COPIES else 0, "")


def _ancestor(image: Image, actor: Actor) -> Node:
    if image.region_id != actor.region.pk:
        return Node("image", image.name, place_of(image))
    return Node("image", image.name, image.get_category_display(), image.get_absolute_url())


def place_of(image: Image) -> str:
    return f"{image.region} · {image.project}"


def _copy(copy: Image, servers: int) -> Node:
    node = Node("image", copy.name, copy.get_status_display(), copy.get_absolute_url(), copy.status)
    if servers:
        count = ngettext("%(count)s server", "%(count)s servers", servers) % {"count": servers}
        node.children = [Node("server", count, "", copy.get_absolute_url() + "?section=use")]
    return node


def _more(count: int, url: str) -> list[Node]:
    return [Node("more", _("and %(count)s more") % {"count": count}, "", url)] if count > 0 else []
