"""Processes, as the system shows them."""

from pathlib import Path


def children_of(pid: int) -> list[int]:
    """The processes a process has started and that live."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def status_of(pid: int) -> str:
    """The letter for what it does: R, S, D, T when stopped, Z when it has ended and nobody has asked about it; "" when gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and nobody has asked about does not."""
    return status_of(pid) not in ("Z", "")


def name_of(pid: int) -> str:
    """Raises FileNotFoundError."""
    return Path(f"/proc/{pid}/comm").read_text().strip()
