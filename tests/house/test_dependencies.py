"""Every dependency has bounds, and the lock files have an exact version within them, with checksums and from nowhere in particular."""

import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

BASE = Path(settings.BASE_DIR)
PROJECT = tomllib.loads((BASE / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
BUILD = PROJECT["build-system"]["requires"]
RUN = [*PROJECT["project"]["dependencies"], *EXTRAS["postgres"], *EXTRAS["s3"], *BUILD]
DEV = [*RUN, *EXTRAS["dev"]]
LOCKED = re.compile(r"^([\w.-]+)==(\S+)", flags=re.MULTILINE)


def locked(name: str) -> dict[str, str]:
    return dict(LOCKED.findall((BASE / name).read_text()))


def test_every_dependency_has_a_lower_and_an_upper_bound() -> None:
    signs = {one: {each.operator for each in Requirement(one).specifier} for one in DEV}
    assert [one for one in DEV if signs[one] != {">=", "<"}] == []


@pytest.mark.parametrize(("name", "wanted"), [("requirements.lock", RUN), ("requirements-dev.lock", DEV)])
def test_the_lock_file_has_what_pyproject_asks_for(name: str, wanted: list[str]) -> None:
    versions = locked(name)
    asked = {canonicalize_name(one.name): one.specifier for one in map(Requirement, wanted)}
    assert [
        one for one, bounds in asked.items() if versions.get(one, "0") not in bounds
    ] == []  # else: make lock


def test_run_and_tests_install_the_same_versions() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_every_version_has_checksums_and_no_place_it_comes_from(name: str) -> None:
    packages = (BASE / name).read_text().split("\n#")[-1].split("\n", 1)[1].replace(" \\\n", " ").splitlines()
    assert len(packages) == len(locked(name))
    assert [
        line
        for line in packages
        if not re.fullmatch(r"[^/]+( --hash=sha256:[0-9a-f]{64})+", line.replace("  ", ""))
    ] == []


def test_what_builds_the_checkout_is_locked_as_well() -> None:
    assert PROJECT["dependency-groups"]["build"] == BUILD
