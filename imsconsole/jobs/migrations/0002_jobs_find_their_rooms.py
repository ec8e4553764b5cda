"""A job keeps the path of its class. The classes have moved to the rooms of their verbs; jobs of before go on."""

from django.db import migrations

PATHS = {  # kind: path before, path after
    "disk.attach": ("imsconsole.cloud.volumes.jobs.AttachDisk", "imsconsole.cloud.disks.jobs.AttachDisk"),
    "disk.create": ("imsconsole.cloud.volumes.jobs.CreateDisk", "imsconsole.cloud.disks.jobs.CreateDisk"),
    "disk.delete": ("imsconsole.cloud.volumes.jobs.DeleteDisk", "imsconsole.cloud.disks.jobs.DeleteDisk"),
    "disk.delete-kept": (
        "imsconsole.cloud.jobs_change_os.DeleteKeptDisk",
        "imsconsole.cloud.system_disk.jobs.DeleteKeptDisk",
    ),
    "disk.detach": ("imsconsole.cloud.volumes.jobs.DetachDisk", "imsconsole.cloud.disks.jobs.DetachDisk"),
    "disk.grow": ("imsconsole.cloud.volumes.jobs.GrowDisk", "imsconsole.cloud.disks.jobs.GrowDisk"),
    "image.capture": ("images.jobs_capture.CaptureImage", "images.capture.jobs.CaptureImage"),
    "image.capture-full": ("images.jobs_full_ecs.CaptureFull", "images.capture.full.jobs.CaptureFull"),
    "image.copy": ("images.jobs_copy.CopyImage", "images.copy.jobs.CopyImage"),
    "image.copy-across": (
        "images.jobs_copy_across.CopyImageAcross",
        "images.copy.jobs_across.CopyImageAcross",
    ),
    "image.delete": ("images.jobs_delete.DeleteImage", "images.delete.jobs.DeleteImage"),
    "image.export": ("images.jobs_export.ExportImage", "images.export.jobs.ExportImage"),
    "image.fetch": ("images.jobs_public.FetchPublicImage", "images.public.jobs.FetchPublicImage"),
    "image.import": ("images.jobs.ImportImage", "images.create.jobs.ImportImage"),
    "image.make-of-backup": ("images.jobs_full_ecs.MakeOfBackup", "images.capture.full.jobs.MakeOfBackup"),
    "image.verify": ("images.jobs_verify.VerifyImage", "images.verify.jobs.VerifyImage"),
    "image.verify-stored": ("images.jobs_verify.VerifyStored", "images.verify.jobs.VerifyStored"),
    "listing.publish": ("market.jobs_publish.PublishListing", "market.listings.jobs.PublishListing"),
    "listing.scan": ("market.jobs_scan.ScanListing", "market.listings.jobs.ScanListing"),
    "server.change-os": (
        "imsconsole.cloud.jobs_change_os.ChangeOs",
        "imsconsole.cloud.system_disk.jobs.ChangeOs",
    ),
    "server.create": ("imsconsole.cloud.jobs.CreateServer", "imsconsole.cloud.servers.jobs.CreateServer"),
    "server.delete": ("imsconsole.cloud.jobs.DeleteServer", "imsconsole.cloud.servers.jobs.DeleteServer"),
    "server.reboot": ("imsconsole.cloud.jobs.RebootServer", "imsconsole.cloud.servers.jobs.RebootServer"),
    "server.reinstall-os": (
        "imsconsole.cloud.jobs_change_os.ReinstallOs",
        "imsconsole.cloud.system_disk.jobs.ReinstallOs",
    ),
    "server.start": ("imsconsole.cloud.jobs.StartServer", "imsconsole.cloud.servers.jobs.StartServer"),
    "server.stop": ("imsconsole.cloud.jobs.StopServer", "imsconsole.cloud.servers.jobs.StopServer"),
    "server.undo-change-os": (
        "imsconsole.cloud.jobs_change_os.UndoChangeOs",
        "imsconsole.cloud.system_disk.jobs.UndoChangeOs",
    ),
    "share.give-copy": ("sharing.copies.jobs.GiveCopy", "sharing.ending.copies.jobs.GiveCopy"),
    "upload.take": ("images.jobs_take.TakeObject", "images.create.from_object.jobs.TakeObject"),
}


def find(apps, schema_editor):
    """Of running, failed and ended jobs: all may be retried or looked at."""
    jobs = apps.get_model("jobs", "Job").objects.using(schema_editor.connection.alias)
    for kind, (_before, after) in PATHS.items():
        jobs.filter(kind=kind).update(path=after)


def lose(apps, schema_editor):
    jobs = apps.get_model("jobs", "Job").objects.using(schema_editor.connection.alias)
    for kind, (before, _after) in PATHS.items():
        jobs.filter(kind=kind).update(path=before)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_squashed_0003_find_jobs_by_their_end")]
    operations = [migrations.RunPython(find, lose)]
