"""The NoCloud seed: a small ISO that the guest's cloud-init reads at its first start.

Format: cloud-init's documentation, *NoCloud* and *Networking config v2*.
JSON is valid YAML, so values are written as JSON and need no YAML library.
"""

import io
import json
from pathlib import Path

import pycdlib

from imsconsole.engine.cloud_config import user_data
from imsconsole.engine.types import Seed, ServerSpec

LABEL = "cidata"


def write_seed(path: Path, server: ServerSpec, *, static_address: bool) -> None:
    """Write the seed of a server. `static_address`: nobody answers DHCP there."""
    files = {
        "meta-data": meta_data(server.seed),
        "user-data": user_data(server.seed),
        "network-config": network_config(server, static_address=static_address),
    }
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, joliet=3, rock_ridge="1.09", vol_ident=LABEL)
    for name, content in files.items():
        place = f"/{name.upper().replace('-', '_')}.;1"
        iso.add_fp(io.BytesIO(content), len(content), place, rr_name=name, joliet_path=f"/{name}")
    iso.write(str(path))
    iso.close()


def meta_data(seed: Seed) -> bytes:
    lines = [f"instance-id: {json.dumps(seed.instance_id)}", f"local-hostname: {json.dumps(seed.hostname)}"]
    if seed.ssh_keys:
        lines += ["public-keys:", *(f"  - {json.dumps(key)}" for key in seed.ssh_keys)]
    return "\n".join([*lines, ""]).encode()


def network_config(server: ServerSpec, *, static_address: bool) -> bytes:
    nic: dict[str, object] = {"match": {"macaddress": server.mac.lower()}}
    nic |= {"addresses": [f"{server.private_ip}/24"]} if static_address else {"dhcp4": True}
    return f"version: 2\nethernets: {json.dumps({'nic0': nic})}\n".encode()
