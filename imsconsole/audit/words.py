"""From the trail's own words to the reader's: actions, kinds of resources."""

from functools import cache

from django.apps import apps
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

# trace name → what it is called (ims-facts §2.26 and the trace names of ECS); every service has one.
# `runJob` is left by a job that failed
ACTIONS: dict[str, str | Promise] = {
    "acceptImage": _("Accept a shared image"),
    "acceptInvitation": _("Accept an invitation"),
    "acceptTerms": _("Accept the terms of an offer"),
    "addMember": _("Add a member"),
    "announceEndOfShare": _("Announce the end of a share"),
    "attachDisk": _("Attach a disk"),
    "cancelJob": _("Cancel a job"),
    "cancelKeyDeletion": _("Cancel the deletion of a key"),
    "changeMember": _("Change a member"),
    "changeOs": _("Change OS"),
    "changeView": _("Change a saved view"),
    "completeUpload": _("Complete an upload"),
    "copyImage": _("Copy image"),
    "copyImageAcross": _("Copy image to another region"),
    "createAccount": _("Create an account"),
    "createBackup": _("Create a backup"),
    "createAgency": _("Create an agency"),
    "createBucket": _("Create a bucket"),
    "createDisk": _("Create a disk"),
    "createFlavor": _("Create a flavor"),
    "createGrant": _("Grant a key"),
    "createImage": _("Create image"),
    "createKey": _("Create an encryption key"),
    "createKeypair": _("Create a key pair"),
    "createObjectLink": _("Create a link to an object"),
    "createOsVersion": _("Create an OS version"),
    "createProject": _("Create a project"),
    "createRegion": _("Create a region"),
    "createServer": _("Create a server"),
    "createUser": _("Create a user"),
    "createVault": _("Create a vault"),
    "createZone": _("Create an availability zone"),
    "deleteAccount": _("Delete an account"),
    "deleteBackup": _("Delete a backup"),
    "deleteAgency": _("Revoke an agency"),
    "deleteBucket": _("Delete a bucket"),
    "deleteDisk": _("Delete a disk"),
    "deleteFlavor": _("Delete a flavor"),
    "deleteImage": _("Delete image"),
    "deleteKeptDisk": _("Delete a kept system disk"),
    "deleteKey": _("Delete an encryption key"),
    "deleteKeypair": _("Delete a key pair"),
    "deleteObject": _("Delete an object"),
    "deleteOsVersion": _("Delete an OS version"),
    "deleteProject": _("Delete a project"),
    "deleteRegion": _("Delete a region"),
    "deleteServer": _("Delete a server"),
    "deleteVault": _("Delete a vault"),
    "deleteView": _("Delete a saved view"),
    "deleteZone": _("Delete an availability zone"),
    "deprecateImage": _("Deprecate a public image"),
    "detachDisk": _("Detach a disk"),
    "disableKey": _("Disable an encryption key"),
    "discardUpload": _("Discard an upload"),
    "enableKey": _("Enable an encryption key"),
    "exportImage": _("Export image"),
    "fetchPublicImage": _("Fetch public image"),
    "giveCopy": _("Give a copy of a shared image"),
    "growDisk": _("Expand a disk"),
    "hideImage": _("Hide a public image"),
    "importKeypair": _("Import a key pair"),
    "installServer": _("Install a server"),
    "inviteMember": _("Invite a member"),
    "leaveAccount": _("Leave the account"),
    "openScreen": _("Open a screen"),
    "planImageDeletion": _("Plan the deletion of an image"),
    "protectImage": _("Protect a public image"),
    "purgeImage": _("Delete image for ever"),
    "rebootServer": _("Restart a server"),
    "refuseUpload": _("Refuse an upload"),
    "reinstallOs": _("Reinstall OS"),
    "rejectImage": _("Reject a shared image"),
    "removeMember": _("Remove a member"),
    "removeSecondFactor": _("Remove a second factor"),
    "renameDisk": _("Rename a disk"),
    "renameServer": _("Rename a server"),
    "resetPassword": _("Set a user's password"),
    "restoreImage": _("Restore image"),
    "restoreBackup": _("Restore a backup"),
    "retryJob": _("Retry a job"),
    "revokeGrant": _("Revoke a grant of a key"),
    "runJob": _("Run a job"),
    "saveView": _("Save a view"),
    "scheduleKeyDeletion": _("Schedule the deletion of a key"),
    "setDefaultView": _("Choose the view a list opens with"),
    "setPrice": _("Set a price"),
    "shareImage": _("Share an image"),
    "showImage": _("Show a public image"),
    "startServer": _("Start a server"),
    "startUpload": _("Start an upload"),
    "stopServer": _("Stop a server"),
    "stopSharingImage": _("Stop sharing an image"),
    "undeprecateImage": _("Withdraw a deprecation"),
    "takeObject": _("Take an object for an image"),
    "undoChangeOs": _("Undo a change of OS"),
    "unlockUser": _("Forget failed sign-ins"),
    "unprotectImage": _("Unprotect a public image"),
    "updateAccount": _("Rename an account"),
    "updateFlavor": _("Change a flavor"),
    "updateImage": _("Modify image"),
    "updateKey": _("Change an encryption key"),
    "updateOsVersion": _("Change an OS version"),
    "updateProject": _("Rename a project"),
    "updateProjectQuotas": _("Change quotas"),
    "updateRegion": _("Change a region"),
    "updateServerAutoStart": _("Change “start with the host”"),
    "updateTag": _("Change tags"),
    "updateUser": _("Change a user"),
    "updateVault": _("Change a vault"),
    "updateZone": _("Change an availability zone"),
    "uploadObject": _("Upload an object"),
    "verifyImage": _("Verify image"),
    "withdrawEndOfShare": _("Go on sharing an image"),
    "withdrawImageDeletion": _("Keep an image that was to be deleted"),
    "withdrawInvitation": _("Withdraw an invitation"),
    "writeReleaseNote": _("Write a release note"),
}
REQUEST = "request"  # the kind of what a refused request leaves: its action is the address's name


def action_title(action: str, kind: str = "") -> str:
    """What was done, in the reader's language; the bare trace name when this version has no word for it."""
    return str(_("Request")) if kind == REQUEST else str(ACTIONS.get(action, action))


@cache
def _kinds() -> dict[str, str | Promise]:
    """What the house's own models are called, by the names the trail keeps of them."""
    rooms = ("imsconsole", "images", "sharing", "market")
    models = [model for model in apps.get_models() if model.__module__.split(".")[0] in rooms]
    return {model._meta.model_name or "": model._meta.verbose_name or "" for model in models}


def kind_title(kind: str) -> str:
    """What a kind of resource is called, in the reader's language."""
    return str(_("Address")) if kind == REQUEST else capfirst(str(_kinds().get(kind, kind)))
