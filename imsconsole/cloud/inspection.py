"""The `qemu-img` with which this host examines files, whatever engines its regions have."""

import functools
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from imsconsole.engine.conversion.inspecting import FOLDER_OF_HOST, HostQemuImg


def qemu_img(arguments: Sequence[str]) -> tuple[int, str, str]:
    """What `engine.inspection` runs: exit code, output, errors. Raises Unavailable, NoSpace."""
    return host_qemu_img()(arguments)


def inspection_dir() -> Path:
    """Where it works, in a folder for each call."""
    return Path(settings.DATA_DIR) / "regions" / FOLDER_OF_HOST


@functools.cache
def host_qemu_img() -> HostQemuImg:
    """Limited, and as a user of its own."""
    return HostQemuImg(
        settings.DATA_DIR / "regions", guest_user=settings.IMS_GUEST_USER, guest_uids=settings.IMS_GUEST_UIDS
    )
