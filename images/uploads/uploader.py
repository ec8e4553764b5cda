"""What the uploader in the browser (static/js/upload.js) is told by the page."""

import json
from typing import Any

from images.models import Upload
from images.uploads.found import limit_file_bytes
from images.uploads.rules import can_resume
from imsconsole.accounts.actor import Actor
from imsconsole.engine.types import MIB

CHUNK_BYTES = 64 * MIB  # what one request carries; a proxy that buffers requests loses this much at most
UNFINISHED = 50  # more than that nobody goes on with


def uploader_context(actor: Actor, upload: Upload | None = None) -> dict[str, Any]:
    """The context of `uploads/_uploader.html`: limits, and the uploads that a chosen file may belong to.

    With `upload` only that one: the file must be its file.
    """
    found = [upload] if upload else Upload.objects.visible_to(actor).filter(state=Upload.State.RECEIVING)
    unfinished = [
        {"id": str(each.pk), "name": each.name, "size": each.size_bytes}
        for each in found[:UNFINISHED]
        if can_resume(each, actor)
    ]
    return {
        "unfinished": json.dumps(unfinished),
        "limit_bytes": limit_file_bytes(),
        "chunk_bytes": CHUNK_BYTES,
    }
