"""Pictures that people upload, made anew: only pixels get through, and not more of them than are good for anybody."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps

from imsconsole.core.errors import ImsError

LARGEST_BYTES = 5 * 1024**2
MOST_PIXELS = 25_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
SCREENSHOT = (1600, 1200)
LOGO = (256, 256)


class BadPicture(ImsError):
    """What was uploaded is no picture that can be shown. The code says why."""

    http_status = 422
    default_code = "bad-picture"


@dataclass(frozen=True)
class Remade:
    """A picture of ours."""

    content: bytes
    width: int
    height: int


def screenshot(file: BinaryIO) -> Remade:
    """A WebP of at most 1600 × 1200 pixels. Raises BadPicture."""
    return _saved(_fitting(_opened(file), SCREENSHOT).convert("RGB"), "WEBP", quality=86)


def logo(file: BinaryIO) -> bytes:
    """A PNG of at most 256 × 256 pixels. Raises BadPicture."""
    return _saved(_fitting(_opened(file), LOGO).convert("RGBA"), "PNG", optimize=True).content


def _opened(file: BinaryIO) -> Image.Image:
    """The picture, turned as its camera says. Its size is looked at before a pixel is unpacked."""
    data = file.read(LARGEST_BYTES + 1)
    if len(data) > LARGEST_BYTES:
        raise BadPicture("picture-too-large", most=LARGEST_BYTES // 1024**2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(BytesIO(data), formats=FORMATS)
            if picture.width * picture.height > MOST_PIXELS:
                raise BadPicture("picture-too-many-pixels", most=MOST_PIXELS // 1_000_000)
            picture.load()
            return ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise BadPicture("picture-too-many-pixels", most=MOST_PIXELS // 1_000_000) from error
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow raises for broken files
        raise BadPicture from error


def _fitting(picture: Image.Image, box: tuple[int, int]) -> Image.Image:
    picture.thumbnail(box, Image.Resampling.LANCZOS)
    return picture


def _saved(picture: Image.Image, format: str, **options: object) -> Remade:
    """Without anything that the file carried besides its pixels."""
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    out = BytesIO()
    clean.save(out, format, **options)
    return Remade(out.getvalue(), *picture.size)
