"""Jobs are cancelled and retried; pages and downloads are looked at."""

from imsconsole.cloud.models import BucketObject
from imsconsole.jobs.models import Job
from tests.campaign.doing import Stage, does, one
from tests.campaign.people import NotNow, Person


@does()
def cancel(stage: Stage, person: Person) -> None:
    if person.rng.random() < 0.7:
        raise NotNow
    job = one(person, Job.objects.live().filter(project=person.project))
    person.post(f"/jobs/{job.pk}/cancel/")
    person.note("cancelJob", job.pk)


@does()
def retry(stage: Stage, person: Person) -> None:
    retry_job(person, one(person, Job.objects.unsettled().filter(project=person.project)))


def retry_job(person: Person, job: Job) -> None:
    person.post(f"/jobs/{job.pk}/retry/")
    person.note("retryJob", job.pk)


@does()
def look_around(stage: Stage, person: Person) -> None:
    for path in (
        "/",
        "/images/?tab=private",
        "/servers/",
        "/jobs/",
        "/audit/",
        "/messages/",
        "/market/billing/",
    ):
        person.request("GET", path)


@does()
def download(stage: Stage, person: Person) -> None:
    """What comes whole is what is noted."""
    row = one(person, BucketObject.objects.stored().filter(bucket__project=person.project))
    download_object(stage, person, row)


def download_object(stage: Stage, person: Person, row: BucketObject) -> None:
    answer = person.request("GET", f"/buckets/objects/{row.pk}/download/")
    if answer.status == 200:
        stage.contents.compare_download(row, answer.body, answer.headers)
