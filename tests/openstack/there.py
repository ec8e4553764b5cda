"""The cloud on this machine, if it is up."""

import os
from pathlib import Path

import openstack
from openstack.connection import Connection

FOLDER = Path(os.environ.get("IMS_CLOUD") or Path(__file__).parents[2] / ".cloud")


def clouds_file() -> Path:
    """The `clouds.yaml` that names `lab-demo`, `lab-other` and `lab-admin`; from now on that of this process."""
    return Path(os.environ.setdefault("OS_CLIENT_CONFIG_FILE", str(FOLDER / "clouds.yaml")))


def why_not() -> str:
    """Why nothing can be asked of it; nothing when it answers."""
    path = clouds_file()
    if not path.exists():
        why = path.with_name("why-not")
        return why.read_text().strip() if why.exists() else f"make cloud brings it up in {path.parent}"
    try:
        as_user("demo").authorize()
    except openstack.exceptions.SDKException as error:
        return f"it is down ({error}); make cloud brings it up in {path.parent}"
    return ""


def as_user(name: str) -> Connection:
    return openstack.connect(cloud=f"lab-{name}", api_timeout=60)
