"""A small kind of job for the tests of this room: it writes files below a folder."""

import os
import shutil
import time
from pathlib import Path
from typing import Any, ClassVar

from images.models import Image
from imsconsole.core.errors import Away, NoSpace
from imsconsole.jobs.kinds import QUICK, JobKind
from imsconsole.jobs.models import Job
from imsconsole.jobs.run import Run


class WriteFiles(JobKind):
    """Makes a folder, writes a file in it as the engine does, and describes the image.

    `args`: folder; `fails_in`: name of a step or of an undo; `how`: no-space, bug, away; `waits`: for a file `go` while writing.
    """

    kind = "test.write"
    title = "Write files"
    steps: ClassVar[dict[str, Any]] = {"prepare": "Prepare", "write_bytes": "Write", "describe": "Describe"}

    def prepare(self, run: Run) -> dict[str, Any]:
        self.fail(run, "prepare")
        home(run).mkdir(exist_ok=True)
        return {"home": str(home(run))}

    def undo_prepare(self, run: Run) -> None:
        note(run, "undo prepare")
        shutil.rmtree(home(run), ignore_errors=True)

    def write_bytes(self, run: Run) -> dict[str, Any]:
        scrap, final = home(run) / f"{run.token}.tmp", home(run) / f"{run.token}.bytes"
        try:
            with scrap.open("wb") as file:
                for number in range(4):
                    file.write(b"x" * 1024)
                    run.report(1024 * (number + 1), 4096)
                self.fail(run, "write_bytes")
                while run.args.get("waits") and not (home(run).parent / "go").exists():
                    run.report(1024, 4096)
                    time.sleep(0.01)
            run.hold()
            scrap.rename(final)
        finally:
            scrap.unlink(missing_ok=True)
        try:
            run.hold()
        except BaseException:
            final.unlink()
            raise
        for other in set(home(run).glob("*.bytes")) - {final}:
            other.unlink()
        return {"file": str(final)}

    def undo_write_bytes(self, run: Run) -> None:
        if run.args.get("fails_in") == "undo_write_bytes":
            self.fail(run, "undo_write_bytes")
        note(run, "undo write_bytes")
        for path in home(run).glob("*.bytes"):
            path.unlink(missing_ok=True)

    def describe(self, run: Run) -> None:
        self.fail(run, "describe")
        with run.fenced():
            Image.objects.filter(pk=run.job.subject_id).update(description=run.result("write_bytes")["file"])

    def sweep(self, run: Run) -> None:
        for path in home(run).glob(f"{run.prefix}*.tmp"):
            path.unlink(missing_ok=True)

    def settle(self, job: Job, state: str) -> None:
        status = "active" if state == Job.State.DONE else "killed"
        Image.objects.filter(pk=job.subject_id).update(status=status)

    def resume(self, job: Job) -> None:
        Image.objects.filter(pk=job.subject_id).update(status="saving")

    @staticmethod
    def fail(run: Run, step: str) -> None:
        note(run, step)
        if run.args.get("fails_in") == step and not (Path(run.args["folder"]) / "repaired").exists():
            errors = {
                "no-space": NoSpace(),
                "bug": ZeroDivisionError("never shown"),
                "away": Away("no-answer", seconds=1),
            }
            raise errors[run.args["how"]]


class CheckedFiles(WriteFiles):
    """Looks at what was written before it is described."""

    kind = "test.checked"
    steps: ClassVar[dict[str, Any]] = {
        "prepare": "Prepare",
        "write_bytes": "Write",
        "check": "Check",
        "describe": "Describe",
    }

    def check(self, run: Run) -> None:
        note(run, "check")


class QuickWriteFiles(WriteFiles):
    """The same in the other queue; cannot be cancelled."""

    kind = "test.quick"
    queue = QUICK
    can_cancel = False


def home(run: Run) -> Path:
    return Path(run.args["folder"]) / run.job.subject_id.hex


def note(run: Run, what: str) -> None:
    """Keep what was done, in order, across processes."""
    with (Path(run.args["folder"]) / "notes").open("a") as file:
        file.write(f"{what}\n")
        os.fsync(file.fileno())
