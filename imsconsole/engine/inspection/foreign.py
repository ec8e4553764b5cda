"""Files that are no disk image at all."""

from imsconsole.engine.inspection.view import View

# (offset, magic, name)
MAGICS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"BZh", "bzip2"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"\x04\x22\x4d\x18", "lz4"),
    (0, b"Rar!\x1a\x07", "rar"),
    (0, b"070701", "cpio"),
    (257, b"ustar", "tar"),
    (0, b"%PDF-", "pdf"),
    (0, b"\x7fELF", "elf"),
    (0, b"MZ", "exe"),
    (0, b"\x89PNG\r\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"GIF8", "gif"),
    (0, b"MSWIM\x00\x00\x00", "wim"),
    (0, b"EVF\x09\x0d\x0a\xff\x00", "ewf"),
    (0, b"hsqs", "squashfs"),
    (0, b"\x3a\xff\x26\xed", "android-sparse"),
    (0, b"WithoutFreeSpace", "parallels"),
    (0, b"WithouFreSpacExt", "parallels"),
    (0, b"Bochs Virtual HD Image", "bochs"),
    (0, b"OOOM", "cow"),
    (0, b"!<arch>\n", "ar"),
    (0, b"SQLite format 3\x00", "sqlite"),
)
DMG_TRAILER = b"koly"
TEXT_BYTES = 4096


def find_foreign(view: View) -> str:
    """The name of what this file is instead of a disk image, or empty."""
    head = view.head
    found = next((name for offset, magic, name in MAGICS if head.startswith(magic, offset)), "")
    if found == "tar" and has_ovf(head):
        return "ova"
    if not found and view.size_bytes is not None and view.tail(512).startswith(DMG_TRAILER):
        return "dmg"
    return found or kind_of_text(head[:TEXT_BYTES])


def has_ovf(head: bytes) -> bool:
    """Whether the tar archive that begins with `head` lists an OVF descriptor (its first member by rule)."""
    offset = 0
    while offset + 512 <= len(head):
        name = head[offset : offset + 100].split(b"\0")[0]
        if name.lower().endswith(b".ovf"):
            return True
        length = octal(head[offset + 124 : offset + 136])
        if length is None or not name:
            return False
        offset += 512 + (length + 511) // 512 * 512
    return False


def octal(field: bytes) -> int | None:
    try:
        length = int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return None
    return length if length >= 0 else None


def text_of(head: bytes) -> str:
    """The head as text, or empty when it is none (UTF-8; a character cut at the end is forgiven)."""
    for cut in range(4):
        try:
            text = head[: len(head) - cut].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return text if all(char.isprintable() or char.isspace() for char in text) else ""
    return ""


def kind_of_text(head: bytes) -> str:
    text = text_of(head).lstrip("\ufeff").strip().lower()
    if not text or is_vmdk_descriptor(text):
        return ""
    if text.startswith("<!doctype html") or "<html" in text:
        return "html"
    starts = {"json:": "qemu-json", "{": "json", "[": "json", "<": "xml"}
    return next((kind for start, kind in starts.items() if text.startswith(start)), "text")


def is_vmdk_descriptor(text: str) -> bool:
    """Whether `text` (lower case) describes a VMDK whose data is in other files."""
    return "# disk descriptorfile" in text or "createtype=" in text.replace(" ", "")
