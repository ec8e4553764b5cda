"""What the file of an image is called."""

import re

from images.export.rules import Format
from images.fields.forms import LETTERS
from images.models import Image

EXTENSIONS = {Format.RAW: "raw", Format.STORED: "qcow2"}
NOT_IN_FILE_NAMES = re.compile(rf"[^{LETTERS}._-]+")
LONGEST = 120  # of a proposed name, so that an extension and a number fit behind it


def file_name(name: str, format: str) -> str:
    """The whole name of the file, with what its format is known by."""
    extension = f".{EXTENSIONS.get(Format(format), format)}"
    return name if name.lower().endswith(extension) else name + extension


def proposed_name(image: Image) -> str:
    """The image's name with what may stand in a file's."""
    return NOT_IN_FILE_NAMES.sub("-", image.name).strip("-. ")[:LONGEST] or f"image-{image.pk.hex[:8]}"
