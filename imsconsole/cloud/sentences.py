"""What engines report, and why a server is stopped. An engine knows no language."""

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

SENTENCES: Sentences = {
    "transfer-differs": _(
        "The bytes that arrived are not those that were stored: they have %(found)s, not %(wanted)s. Nothing "
        "of them was kept. Verify the source; it is probably damaged."
    ),
    "transfer-cut": _(
        "The connection to the other region was cut after %(done)s of %(total)s bytes, and could not be taken up "
        "again. Please retry in a moment."
    ),
    "engine-not-installed": _(
        "What this region runs on is not installed with this console (%(detail)s). Please ask the operator to install "
        "it with the extra “%(engine)s”."
    ),
    "cloud-unknown": _(
        "No cloud is called “%(cloud)s” in clouds.yaml. Please ask the operator to name it there (IMS_CLOUDS), or to look "
        "at the spelling."
    ),
    "adopt-format": _(
        "The cloud's image is stored as %(format)s. Only qcow2, raw and ISO can be offered as they are; import its file "
        "instead."
    ),
    "region-left": _("This region was left: it is on no cloud any more, and nothing can be done there."),
    "cloud-refuses": _(
        "The cloud refuses what this console asks of it: %(detail)s. Please ask the operator to look at its user's rights "
        "and password there."
    ),
    "another-cloud": _(
        "“%(cloud)s” is another cloud than the region's, not another project of it: its servers could not be made of the images "
        "of this region."
    ),
    "same-cloud-project": _("“%(cloud)s” leads to the project of the region itself, not to one of its own."),
    "cloud-silent": _("The cloud does not answer as it should: %(detail)s."),
    "cloud-too-slow": _("The cloud “%(cloud)s” has been at it for too long. Please try again later."),
    "cloud-conflict": _(
        "The cloud cannot do that in the present state of the thing: %(detail)s. Please try again in a moment."
    ),
    "never-started": _("It has not been started yet."),
    "stopped": _("It was stopped from this console."),
    "guest-shutdown": _("Its operating system shut itself down."),
    "killed": _("Its process was ended from outside, as if the power had been cut."),
    "host-rebooted": _("The host was restarted."),
    "start-failed": _("It could not be started."),
    "record-lost": _("The record of its process was lost."),
    "data-dir-not-traversable": _(
        "The data folder %(path)s cannot be reached by the user that servers run as. Please ask the operator "
        "to give every folder above it the permission to be passed through (chmod o+x)."
    ),
    "no-guest-user": _(
        "There is no system user %(user)s to run servers as. Please ask the operator to create it or to set "
        "IMS_GUEST_USER."
    ),
    "no-guest-wall": _(
        "Servers may reach the Internet here, but could not be kept from this host and its networks: %(detail)s. Please "
        "ask the operator to install nftables and to let the service use it, or to set IMS_GUEST_NETWORK to user."
    ),
    "beyond-limit": _(
        "The result takes more than the %(limit_bytes)s bytes that are reserved for it or that the project's quota has left. "
        "Delete what is no longer needed, or ask the operator for more, and retry."
    ),
    "no-guest-uid": _(
        "Each server and each conversion runs as a system user of its own, and all of %(first)s to %(last)s are taken. "
        "Please try again later, or ask the operator to reserve more (IMS_GUEST_UIDS)."
    ),
    "guest-uids-unmapped": _(
        "The system users %(first)s to %(last)s, as which servers and conversions run, do not exist where the service "
        "runs (a container with few of them?). Please ask the operator to reserve others (IMS_GUEST_UIDS)."
    ),
    "no-such-bytes": _("The data of this disk or image no longer exists, so it cannot be used."),
    "no-such-server": _("The server no longer exists."),
    "server-running": _("The server is running. Please stop it first."),
    "server-not-running": _("The server is not running. Please start it first."),
    "not-an-iso": _("Only ISO images can be mounted. This is the image of a disk."),
    "no-tray": _(
        "The server was started before it had a drive for ISOs. Please stop it and start it again, then mount the ISO."
    ),
    "no-serial-input": _(
        "The server was started before its serial console could be typed at. It can be after its next start; until then "
        "there is its log."
    ),
    "system-disk-too-small": _(
        "The system disk of %(size_gb)s GB is smaller than the image, which needs at least %(needed_gb)s GB. "
        "Please choose a larger system disk."
    ),
    "data-disk-too-small": _(
        "The disk of %(size_gb)s GB is smaller than the image, which needs at least %(needed_gb)s GB. Please "
        "choose a larger disk."
    ),
    "not-a-disk": _("This is an installation medium (ISO), not a disk. Please choose a data disk image."),
    "output-refused": _(
        "The program that writes disk files left something other than the file it was given: %(detail)s. Nothing of "
        "it was kept. Please tell the operator: what the program read may be an attack on this host."
    ),
    "capture-failed": _(
        "The disk could not be copied as it is: %(detail)s. The server runs on. Please try again; it also works "
        "with the server stopped."
    ),
    "too-many-disks": _(
        "A server can hold at most %(limit)s data disks. Please detach one before attaching another."
    ),
    "attach-failed": _(
        "The disk could not be attached: %(detail)s. Please try again with the server stopped."
    ),
    "grow-failed": _("The disk could not be expanded: %(detail)s. Please try again with the server stopped."),
    "volume-failed": _(
        "The cloud could not make or change the disk: %(detail)s. Please try again; if it goes on, tell the operator."
    ),
    "machine-failed": _(
        "The cloud could not run the server's machine: %(detail)s. What the server had is kept. Please try again later; if it goes on, tell the operator: the reason is in the log of the cloud's hosts."
    ),
    "no-cloud-flavor": _(
        "This region's cloud has no flavor for %(flavor)s: %(vcpus)s vCPU and %(memory_mb)s MB of memory. Please choose another flavor, or ask the operator to name one for it."
    ),
    "no-cloud-network": _(
        "This region's cloud has no network, or more than one, that can be meant by “%(name)s”. The operator names one for the region."
    ),
    "screen-unreadable": _("The server's screen cannot be read now: %(detail)s."),
    "volume-in-use": _(
        "The disk is still attached to a server. Please detach it first, or delete the server."
    ),
    "guest-holds-disk": _(
        "The server's operating system did not let go of the disk within %(seconds)s seconds. Please unmount "
        "it in the server and try again, or stop the server first."
    ),
    "disk-in-use": _("The disk is in use by another process (%(detail)s). Please try again in a moment."),
    "no-guest-memory": _(
        "The host has not enough memory left for this server: it needs %(needed_mb)s MB, and %(free_mb)s MB "
        "are free. Please stop another server or choose a smaller flavor."
    ),
    "no-free-port": _("The host has no free network port left. Please try again in a moment."),
    "qemu-failed": _(
        "The server could not be started: %(detail)s. Please tell the operator if it happens again."
    ),
    "qemu-silent": _("The server's process does not answer (%(detail)s). Please try again in a moment."),
    "not-seen-yet": _("Nobody has looked at the screen of the server yet. Please try again in a moment."),
    "state-unknown": _("What the server is doing cannot be told now. Please try again in a moment."),
    "qemu-busy": _("The server is busy with another request. Please try again in a moment."),
    "qemu-refused": _("The server's process refused the request: %(detail)s."),
    "qemu-missing": _(
        "Servers cannot be started on this host because the package %(package)s is not installed. Please ask "
        "the operator to install it."
    ),
    "no-guests": _("No servers can be started in this region. Please ask the operator."),
    "cloud-refuses-image": _(
        "The cloud of this region looked at the image and does not take it: %(detail)s. Please import another file."
    ),
    "upload-differs": _(
        "What the cloud of this region has stored is not what it was sent: it has %(found)s, not %(wanted)s. Nothing of it "
        "was kept. Please try again."
    ),
    # what an engine may lack
    "no-formats": _("No images can be stored in this region. Please ask the operator."),
    "no-encryption": _(
        "Disks cannot be encrypted in this region. Leave encryption out, or ask the operator what is missing."
    ),
    "no-screen": _("The screens of servers cannot be shown in this region. Sign in over the network."),
    "no-machine-to-ask": _(
        "A cloud tells this of a running server alone, and none of ours runs there. Look again when one does."
    ),
    "no-serial-console": _(
        "In this region nothing can be typed at the serial consoles of servers; what they write is shown."
    ),
    "no-resize": _("Servers of this region cannot be resized. Create a new one of another flavor."),
    "no-trays": _("The servers of this region have no drive for ISOs."),
    "no-grow-in-use": _(
        "In this region a disk that a server has cannot grow. Detach it first; a system disk keeps its size."
    ),
    "no-seeds": _(
        "In this region servers are told nothing when they are made: neither a key pair nor a password nor user data. Leave "
        "them out and sign in as the image has it."
    ),
    "no-instant-copy": _(
        "In this region the disks of servers are filled from their image first: the larger it is, the longer that takes."
    ),
    "no-resumable-transfer": _("What is copied to this region begins anew when it is interrupted."),
    "no-byte-progress": _("In this region nobody tells how far work is, only that it goes on."),
    "no-stop-grace": _(
        "In this region the hosts decide how long a system may take to shut down; then its power is cut."
    ),
    "ovmf-missing": _(
        "Servers that boot by UEFI cannot be started on this host because the package %(package)s is not "
        "installed. Please ask the operator to install it, or use an image that boots by BIOS."
    ),
    "secure-boot-missing": _(
        "Servers with Secure Boot cannot be started on this host because the package %(package)s is not installed, or too "
        "old. Please ask the operator to install it."
    ),
    "no-secure-boot": _("Servers with Secure Boot cannot be started in this region."),
    "no-tpm": _("Servers with a TPM cannot be started in this region."),
    "swtpm-missing": _(
        "Servers with a TPM cannot be started on this host because the package %(package)s is not installed. Please ask the "
        "operator to install it."
    ),
    "export-format": _(
        "A disk of this image cannot be written as “%(format)s”. Please choose another format."
    ),
    "qemu-img-missing": _(
        "Disk files cannot be read or written on this host because the package %(package)s is not installed. "
        "Please ask the operator to install it."
    ),
    "program-killed": _(
        "The program %(program)s was killed on this host before it had finished, perhaps because memory ran short. "
        "Please try again."
    ),
    "qemu-img-timeout": _(
        "Reading the disk file took longer than %(seconds)s seconds and was ended. Please try again."
    ),
    "qemu-img-failed": _("The disk file could not be processed on this host: %(detail)s. Please try again."),
    "architecture-unsupported": _(
        "This host cannot run servers of the architecture %(architecture)s. Please choose another flavor."
    ),
}
