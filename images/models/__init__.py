"""Rows of this room (design §6, ims-facts §1)."""

from images.models.download import Download
from images.models.facts import FACTS, OFFERED, PUBLISHED
from images.models.image import KEPT_UP, Image, ImageDisk, ImageQuerySet, ImageTag
from images.models.os_version import OsVersion
from images.models.public import CloudImage, PublicSource, ReleaseNote
from images.models.stored import ProjectBytes
from images.models.upload import Upload

__all__ = [
    "FACTS",
    "KEPT_UP",
    "OFFERED",
    "PUBLISHED",
    "CloudImage",
    "Download",
    "Image",
    "ImageDisk",
    "ImageQuerySet",
    "ImageTag",
    "OsVersion",
    "ProjectBytes",
    "PublicSource",
    "ReleaseNote",
    "Upload",
]
