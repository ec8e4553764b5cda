"""What cloud-init is told to make of a new system, wherever it reads it: settings, and the user's own data.

Format: cloud-init's documentation, *User data formats*. JSON is valid YAML, so values are written as JSON and need no YAML library.
"""

import json
from email.encoders import encode_base64
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart

from imsconsole.engine.types import Seed

# What user data starts with, and the MIME type cloud-init knows it by.
CONTENT_TYPES = (
    (b"#cloud-config", "cloud-config"),
    (b"#cloud-boothook", "cloud-boothook"),
    (b"#include-once", "x-include-once-url"),
    (b"#include", "x-include-url"),
    (b"#!", "x-shellscript"),
    (b"## template: jinja", "jinja2"),
)

# Most systems' sshd takes no password of root. This runs before sshd, once for each new system, so that it can be taken
# back there; as a part of its own, so that settings of the user's do not replace it. The first value sshd reads holds.
LET_ROOT_IN = """#!/bin/sh
cloud-init-per instance root-password sh -c '
    config=/etc/ssh/sshd_config
    if [ -d $config.d ]; then
        echo "PermitRootLogin yes" > $config.d/05-root-password.conf
    elif [ -f $config ]; then
        sed -i "1i PermitRootLogin yes" $config
    fi
'
"""


def user_data(seed: Seed) -> bytes:
    """Our settings alone, or as a multipart message with what more there is: the user's own data last."""
    parts = [_part("cloud-config", "settings.yaml", cloud_config(seed))]
    if seed.password_hash and seed.user == "root":
        parts.append(_part("cloud-boothook", "root-password.sh", LET_ROOT_IN.encode()))
    if seed.user_data:
        parts.append(_part(_subtype(seed.user_data), "user-data", seed.user_data, base64=True))
    if len(parts) == 1:
        return cloud_config(seed)
    whole = MIMEMultipart()
    for part in parts:
        whole.attach(part)
    return whole.as_bytes()


def cloud_config(seed: Seed) -> bytes:
    """One value a line. `hashed_passwd` also applies to a user that exists already."""
    user: dict[str, object] = {"name": seed.user, "lock_passwd": not seed.password_hash}
    if seed.password_hash:
        user["hashed_passwd"] = seed.password_hash
    if seed.ssh_keys:
        user["ssh_authorized_keys"] = list(seed.ssh_keys)
    if seed.user != "root":
        user |= {"shell": "/bin/bash", "sudo": "ALL=(ALL) NOPASSWD:ALL"}
    settings = {
        "hostname": seed.hostname,
        "disable_root": seed.user != "root",
        "ssh_pwauth": bool(seed.password_hash),
        "users": [user],
    }
    lines = [f"{name}: {json.dumps(value)}" for name, value in settings.items()]
    return "\n".join(["#cloud-config", *lines, ""]).encode()


def _subtype(content: bytes) -> str:
    """Unknown beginnings stay text/plain, which cloud-init looks into itself."""
    return next((subtype for start, subtype in CONTENT_TYPES if content.startswith(start)), "plain")


def _part(subtype: str, name: str, content: bytes, *, base64: bool = False) -> Message:
    part = MIMEBase("text", subtype, charset="utf-8")
    part.add_header("Content-Disposition", "attachment", filename=name)
    if base64:
        part.set_payload(content)
        encode_base64(part)
    else:
        part.add_header("Content-Transfer-Encoding", "8bit")
        part.set_payload(content.decode())
    return part
