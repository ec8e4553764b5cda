"""The demo's public images: bootable, made from Debian's packages, called what they are."""

import subprocess
from collections.abc import Iterator
from typing import Any

from images.models import Image, OsVersion, PublicSource
from images.public.platform import PLATFORM, platform_actor
from images.public.services import fetch_public_image
from imsconsole.accounts.actor import Actor, service_actor
from imsconsole.accounts.log import service
from imsconsole.accounts.models import Project, Region
from imsconsole.core.errors import ImsError
from imsconsole.core.ids import new_id
from imsconsole.core.sentences import sentence_of
from imsconsole.demo.jobs import BuildDemoImage, forget_cache
from imsconsole.jobs.models import Job
from imsconsole.jobs.runner import run_job
from imsconsole.jobs.start import start_job

DEBIAN = "debian-12-built"
IMAGES = (
    ("BusyBox demo A", "bios"),
    ("BusyBox demo B", "bios"),
    ("BusyBox demo A", "uefi"),
    ("BusyBox demo B", "uefi"),
)


def furnish_images() -> Iterator[str]:
    """Build what is missing, at once and in this process; yields a sentence for each that failed.

    A job of an interrupted run is gone on with, here or by a worker.
    """
    version = kernel_version()
    for region in Region.objects.all():
        for identity, boot_mode in IMAGES:
            name = f"{identity} · kernel {version} · {boot_mode.upper()}"
            job = _job_of(name, region) or _start(name, identity, boot_mode, region)
            yield from run_here(job)


def run_here(job: Job) -> Iterator[str]:
    """Do a job that is still to be done, in this process; yields a sentence if it failed."""
    if job.is_live:
        run_job(str(job.pk), holder="set_up")
        job.refresh_from_db()
    if job.state == Job.State.FAILED:
        yield f"{job.subject_name}: {job.error_sentence}"


def tidy_up() -> None:
    """Forget the packages once every image is built."""
    if not Job.objects.live().filter(kind=BuildDemoImage.kind).exists():
        forget_cache()


def start_debian() -> Iterator[str]:
    """Have the workers build a Debian with cloud-init for both firmwares; yields a sentence if that fails.

    Once: what becomes of it afterwards is the operator's to say.
    """
    if PublicSource.objects.filter(key=DEBIAN).exists():
        return
    try:
        fetch_public_image(key=DEBIAN, boot_modes=("bios", "uefi"), actor=platform_actor())
    except ImsError as error:
        yield sentence_of(error)


def kernel_version() -> str:
    """The version of Debian's cloud kernel as people say it: 6.1."""
    shown = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", "linux-image-cloud-amd64"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    version = next(
        (line.split(": ", 1)[1] for line in shown.splitlines() if line.startswith("Version: ")), ""
    )
    return ".".join(version.split(".")[:2]) or "Linux"


def _job_of(name: str, region: Region) -> Job | None:
    image = Image.objects.filter(region=region, category=Image.Category.PUBLIC, name=name).first()
    return Job.objects.about(image.pk).first() if image else None


def _start(name: str, identity: str, boot_mode: str, region: Region) -> Job:
    project = Project.objects.get(account__name=PLATFORM, region=region)
    image = build_image(
        name=name, identity=identity, boot_mode=boot_mode, region=region, actor=service_actor(project)
    )
    return Job.objects.about(image.pk).get()


@service("createImage")
def build_image(
    *, name: str, identity: str, boot_mode: str, region: Region, project: Project | None = None, actor: Actor
) -> Image:
    """A public image, or a private one of a project, whose bytes a job builds."""
    image = Image.objects.create(
        region=region,
        project=project,
        category=Image.Category.PRIVATE if project else Image.Category.PUBLIC,
        name=name,
        description="Debian's cloud kernel with BusyBox: a small guest that says who it is. For trying the console.",
        os_version=OsVersion.objects.filter(platform="BusyBox").first(),
        boot_mode=boot_mode,
        min_disk_gb=1,
        min_ram_mb=192,
        cloud_init=True,  # it reads the same seed
        status=Image.Status.SAVING,
        protected=project is None,
        source_kind=Image.Source.PLATFORM,
    )
    made_of: dict[str, Any] = {"identity": f"{identity} {boot_mode}", "boot_mode": boot_mode, "format": "raw"}
    start_job(BuildDemoImage, image, actor=actor, disk=str(new_id()), **made_of)
    return image
