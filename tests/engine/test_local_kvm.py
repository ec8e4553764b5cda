"""Whether KVM works is asked once per host."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from imsconsole.core.errors import Unavailable
from imsconsole.engine.conversion.limits import RunAs, run_as
from imsconsole.engine.local import kvm, probe, state
from imsconsole.engine.local.engine import LocalEngine
from imsconsole.engine.local.kvm import Accelerator, runs_a_guest
from tests.engine.guests import TestWork, server_spec, stored_image

HANGS = "exec sleep 600"
FAILS = "exit 1"
SAYS_IT = f"printf {kvm.WORD.decode()}; exec sleep 600"


@dataclass(frozen=True)
class Qemu:
    """A QEMU on a host with a /dev/kvm, that notes each start and then does what it is told."""

    program: Path
    log: Path

    def does(self, what: str) -> None:
        self.program.write_text(f"#!/bin/sh\necho started >> {self.log}\n{what}\n")
        self.program.chmod(0o755)

    @property
    def starts(self) -> int:
        return len(self.log.read_text().splitlines())


@pytest.fixture
def qemu(place: Path, monkeypatch: pytest.MonkeyPatch) -> Qemu:
    fake = Qemu(place / "qemu", place / "log")
    fake.log.touch()
    fake.log.chmod(0o666)  # it runs as the guests' user
    fake.does(FAILS)
    (place / "kvm").touch()
    monkeypatch.setattr(probe, "QEMU", str(fake.program))
    monkeypatch.setattr(kvm, "KVM", place / "kvm")
    monkeypatch.setattr(kvm, "SILENCE_LIMIT_S", 60)
    return fake


@pytest.mark.guest
def test_the_probe_hears_a_guest_that_runs() -> None:
    assert runs_a_guest(run_as(), "tcg")


@pytest.mark.parametrize(("does", "answer"), [(SAYS_IT, "kvm"), (FAILS, "tcg")])
def test_one_asks_for_all_regions_and_processes(qemu: Qemu, place: Path, does: str, answer: str) -> None:
    qemu.does(does)
    north, south = (LocalEngine(place / name, memory_mb=64) for name in ("north", "south"))

    assert north.capabilities().accelerator == answer
    assert (north.capabilities().accelerator, south.capabilities().accelerator) == (answer, answer)
    assert qemu.starts == 1


def test_silence_is_an_answer(qemu: Qemu, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    qemu.does(HANGS)
    monkeypatch.setattr(kvm, "SILENCE_LIMIT_S", 0.2)
    accelerator = Accelerator(place, run_as())
    assert (accelerator.asked(), accelerator.known()) == ("tcg", "tcg")


def test_those_who_ask_at_once_wait_for_the_one_who_came_first(qemu: Qemu, place: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: Accelerator(place, run_as()).asked(), range(8)))
    assert (answers, qemu.starts) == ({"tcg"}, 1)


def test_a_start_asks(qemu: Qemu, place: Path) -> None:
    engine = LocalEngine(place / "region", memory_mb=2048)
    server = engine.create_server(server_spec(), stored_image(engine, place).ref, work=TestWork())
    with pytest.raises(Unavailable, match="qemu-failed"):
        engine.start(server, work=TestWork())
    assert engine.capabilities().accelerator == "tcg"


def other_boot(place: Path, patch: pytest.MonkeyPatch) -> None:
    (place / "boot").write_text("another\n")
    patch.setattr(state, "BOOT_ID", place / "boot")


def other_version(place: Path, _patch: pytest.MonkeyPatch) -> None:
    (place / "new").write_text(f"{(place / 'qemu').read_text()}# newer\n")
    (place / "new").chmod(0o755)
    (place / "new").rename(place / "qemu")


def other_rights(place: Path, _patch: pytest.MonkeyPatch) -> None:
    (place / "kvm").chmod(0o606)


@pytest.mark.parametrize("change", [other_boot, other_version, other_rights])
def test_another_boot_version_or_right_is_asked_anew(
    qemu: Qemu, place: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[..., None]
) -> None:
    accelerator = Accelerator(place, run_as())
    accelerator.asked()
    change(place, monkeypatch)
    assert accelerator.known() == "unknown"
    assert accelerator.asked() == "tcg"
    assert qemu.starts == 2


def test_another_user_is_asked_anew(qemu: Qemu, place: Path) -> None:
    user = run_as()
    Accelerator(place, user).asked()
    assert Accelerator(place, RunAs(user.uid, user.gid + 1, user.switch)).known() == "unknown"


@pytest.mark.parametrize(("does", "starts"), [(FAILS, 2), (SAYS_IT, 1)])
def test_a_no_is_not_for_ever(
    qemu: Qemu, place: Path, monkeypatch: pytest.MonkeyPatch, does: str, starts: int
) -> None:
    qemu.does(does)
    accelerator = Accelerator(place, run_as())
    accelerator.asked()
    monkeypatch.setattr(kvm, "NO_HOLDS_S", 0)
    accelerator.asked()
    assert qemu.starts == starts


def test_what_is_set_needs_no_asking(qemu: Qemu, place: Path) -> None:
    for wanted in ("kvm", "tcg"):
        assert Accelerator(place, run_as(), wanted).asked() == wanted
    assert qemu.starts == 0
    with pytest.raises(ValueError, match="not an accelerator"):
        Accelerator(place, run_as(), "hvf")


def test_half_an_answer_is_none(qemu: Qemu, place: Path) -> None:
    accelerator = Accelerator(place, run_as())
    accelerator.asked()
    answer = place / kvm.ANSWER
    for half in (answer.read_bytes()[:20], b"[]", b'{"works": true}'):
        answer.write_bytes(half)
        assert accelerator.known() == "unknown"
