"""Which files are looked at, by the names of their drawers, so that a new room is looked at without being listed."""

import ast
import hashlib
import importlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutations import Fault, faults

TOP = Path(__file__).parents[2]
PACKAGES = ("imsconsole", "images", "sharing", "market")
DRAWERS = ("rules", "services", "quotas")


@dataclass(frozen=True)
class Mutant:
    """One fault of a file; `number` is its place among the faults of that file, `key` says what it is."""

    path: str
    number: int
    line: int
    key: str

    @property
    def room(self) -> str:
        return room(self.path)


def is_drawer(name: str) -> bool:
    """*rules*, *rules_capture*, *services* …: as a file, without `.py`, or as a folder."""
    return any(name == drawer or name.startswith(f"{drawer}_") for drawer in DRAWERS)


def chosen_files() -> list[str]:
    """The paths from the top of the project, sorted."""
    paths = (path.relative_to(TOP) for package in PACKAGES for path in (TOP / package).rglob("*.py"))
    left_out = {"migrations", "templatetags"}
    return sorted(
        str(path)
        for path in paths
        if any(map(is_drawer, path.with_suffix("").parts)) and not left_out & set(path.parts)
    )


def room(path: str) -> str:
    """The path without its drawers: `images/copy/rules.py` and `images/copy/services.py` are both of *images/copy*."""
    return "/".join(part for part in Path(path).with_suffix("").parts if not is_drawer(part))


def tree_of(path: str) -> ast.Module:
    return ast.parse((TOP / path).read_text())


def faults_in(path: str, tree: ast.Module) -> list[Fault]:
    """Those that could be put into the file's tree, in the order of the file."""
    name = ".".join(Path(path).with_suffix("").parts).removesuffix(".__init__")
    return list(faults(tree, vars(importlib.import_module(name))))


def all_mutants(seed: int, only: str = "") -> list[Mutant]:
    """Those of all files whose path contains `only`, in an order that depends on the seed, not on where a file lies.

    Whoever takes the first thousand takes the same ones tomorrow, as far as their functions are still the same.
    """
    mutants = []
    for path in chosen_files():
        if only not in path:
            continue
        seen: Counter[str] = Counter()
        for number, fault in enumerate(faults_in(path, tree_of(path))):
            said = f"{fault.function}: {fault.what}"
            seen[said] += 1
            mutants.append(Mutant(path, number, fault.line, f"{said} ({seen[said]})"))
    return sorted(mutants, key=lambda each: (_dice(seed, each.key), each.path))


def _dice(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()
