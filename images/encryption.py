"""What images are encrypted with, as an engine knows it."""

from images.models import Image
from imsconsole.cloud.keys.material import engine_key
from imsconsole.engine.types import Key


def key_of(image: Image) -> Key | None:
    """The key of an image's disks; its owner must be allowed to use it when they are read. Load `key` with it."""
    return engine_key(image.key, image.project_id or image.key.project_id) if image.key else None
