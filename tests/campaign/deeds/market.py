"""Objects, shares, listings; what the operator does."""

from images.models import Image, ImageDisk
from images.public.jobs import FetchPublicImage
from images.public.platform import platform_actor
from images.verify.jobs import VerifyStored
from imsconsole.accounts.models import Region
from imsconsole.cloud.models import Bucket, BucketObject
from imsconsole.demo.images import build_image
from imsconsole.jobs.models import Job
from imsconsole.jobs.start import start_job
from market.models import Listing, ListingVersion
from sharing.models import Share
from tests.campaign.doing import FAR, HERE, MOST, Stage, does, images, one, room, tag_of
from tests.campaign.people import NotNow, Person, asked


@does()
def put_object(stage: Stage, person: Person) -> None:
    room(person, BucketObject.objects.filter(bucket__project=person.project))
    bucket = one(person, Bucket.objects.filter(project=person.project))
    tag = person.rng.choice(stage.contents.tags)
    content, name = stage.contents.file(tag, "raw").read_bytes(), f"{stage.name(tag)}.raw"
    fields = {
        "csrfmiddlewaretoken": person.cookies.get("csrftoken", ""),
        "folder": "",
        "file": (name, content),
    }
    if person.request("POST", f"/buckets/{bucket.pk}/upload/", fields=fields).status != 302:
        raise NotNow
    row = one(person, BucketObject.objects.stored().filter(bucket=bucket, key=name))
    person.notes.files[str(row.pk)] = stage.contents.sha256(stage.contents.file(tag, "raw"))
    person.note("uploadObject", row.pk)


@does()
def delete_object(stage: Stage, person: Person) -> None:
    rows = BucketObject.objects.stored().filter(bucket__project=person.project)
    if asked(rows.count) < MOST[BucketObject] - 2:
        raise NotNow
    row = one(person, rows)
    person.post(f"/buckets/objects/{row.pk}/delete/")
    person.note("deleteObject", row.pk)


# sharing and the market


@does()
def share(stage: Stage, person: Person) -> None:
    image = one(person, images(person, type__in=["system", "data"], key=None))
    other = next(
        each.project for each in stage.people if each.project.account_id != person.project.account_id
    )
    person.through(f"/images/{image.pk}/share/", {"projects": str(other.pk)}, leads_to="/images/share/")


@does()
def accept_share(stage: Stage, person: Person) -> None:
    row = one(person, Share.objects.living().filter(project=person.project, status="pending"))
    person.post(f"/sharing/{row.pk}/accept/")
    person.note("updateMember", row.pk)


@does("share.give-copy")
def give_copy(stage: Stage, person: Person) -> None:
    row = one(person, Share.objects.living().filter(image__project=person.project, status="accepted"))
    room(person, Image.objects.filter(project=row.project).exclude(status="deleted"))
    person.post(f"/sharing/{row.pk}/stop/", {"how": "copies"})


@does()
def create_listing(stage: Stage, person: Person) -> None:
    if asked(Listing.objects.filter(project=person.project).count) > 4:
        raise NotNow
    image = one(person, images(person, type="system", key=None))
    typed = {
        "image": str(image.pk), "version": "1.0", "title": stage.name(tag_of(image)), "summary": "Ready to serve",
        "category": "web", "software": "nginx 1.26", "support": "support@acme.test", "terms": "As you like",
        "regions": [HERE, FAR], "unit": "free",
    }  # fmt: skip
    listing = person.through("/market/listings/create/", typed, leads_to="/market/listings/")
    person.note("createListing", listing)


@does("listing.scan")
def submit(stage: Stage, person: Person) -> None:
    version = one(person, ListingVersion.objects.filter(listing__project=person.project, state="draft"))
    person.post(f"/market/listings/{version.listing_id}/submit/")
    person.note("submitListing", version.pk, "listing.scan")


@does("listing.publish", who=("admin",))
def approve(stage: Stage, person: Person) -> None:
    version = one(person, ListingVersion.objects.filter(state="in-review"))
    typed = {"action": "approve", "_selected_action": str(version.pk), "confirmed": "yes"}
    person.post("/admin/market/listingversion/", typed)
    if "Done for 1" in person.request("GET", "/admin/market/listingversion/").text:
        person.note("approveListing", version.pk, "listing.publish")


@does("image.fetch", who=("admin",))
def fetch(stage: Stage, person: Person) -> None:
    if asked(Job.objects.live().filter(kind=FetchPublicImage.kind).exists):
        raise NotNow  # it would meet a publisher who changes his mind
    fetched = Image.objects.filter(category="public", name__startswith="boot1-official")
    if person.rng.random() < 0.7 or asked(fetched.count) > 60:
        raise NotNow
    stage.contents.publish_anew()
    person.post("/admin/images/publicsource/", {"do": "fetch", "key": "one", "boot_mode": "bios"})


@does("image.build", who=("admin",))
def build(stage: Stage, person: Person) -> None:
    """What `set_up` begins."""
    built = Image.objects.filter(category="public", name__startswith="built-").exclude(status="deleted")
    if asked(built.count) > 6:
        raise NotNow
    actor = asked(platform_actor)
    region = asked(lambda: Region.objects.get(pk=HERE))
    name = stage.name("built")
    image = asked(
        lambda: build_image(name=name, identity="campaign", boot_mode="bios", region=region, actor=actor)
    )
    person.note("createImage", image.pk, "image.build")


@does("image.verify-stored", who=("admin",))
def verify_stored(stage: Stage, person: Person) -> None:
    """What the clock begins every hour."""
    if asked(Job.objects.live().filter(kind=VerifyStored.kind).exists):
        raise NotNow
    stored = ImageDisk.objects.filter(image__status="active").exclude(stored=None).exclude(checksum="")
    disks = asked(lambda: list(stored.order_by("pk")[:20]))
    if disks:
        keys = [str(disk.pk) for disk in disks]
        asked(lambda: start_job(VerifyStored, disks[0], actor=platform_actor(), disks=keys))
