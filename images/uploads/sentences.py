"""What is said about files on their way in, and about what inspection finds in them: refusals and warnings. Each says what was found, why,
and what to do. The places (`%(file)s`) are values that the error carries.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from imsconsole.core.sentences import Sentences

INSPECTION: Mapping[str, Any] = {
    "backing-file": _(
        "This qcow2 file holds only the changes to another file (backing file: %(file)s), which is not here. "
        "Make it complete first: qemu-img convert -f qcow2 -O qcow2 file.qcow2 whole.qcow2"
    ),
    "data-file": _(
        "This %(format)s file keeps its data in another file (%(file)s), which is not here. "
        "Put both into one first: qemu-img convert -O qcow2 file.qcow2 whole.qcow2"
    ),
    "vmdk-extents": _(
        "This VMDK (%(create_type)s) does not hold a whole disk: its parts are spread over several files (%(files)s). "
        "Join them first: qemu-img convert -f vmdk -O qcow2 disk.vmdk whole.qcow2"
    ),
    "vmdk-flat": _(
        "This VMDK (%(create_type)s) is only a description; the data is in other files (%(files)s). "
        "Join them first: qemu-img convert -f vmdk -O qcow2 disk.vmdk whole.qcow2"
    ),
    "vmdk-parent": _(
        "This VMDK is a snapshot: it holds only the changes to a parent disk (%(file)s), which is not here. "
        "Consolidate the snapshots of the virtual machine, or export it as a whole, and import that disk."
    ),
    "vmdk-encoding": _(
        "The description in this VMDK contains characters other than ASCII, so it cannot be checked reliably. "
        "Convert it first: qemu-img convert -f vmdk -O qcow2 disk.vmdk disk.qcow2"
    ),
    "vhd-parent": _(
        "This VHD is a differencing disk: it holds only the changes to a parent disk, which is not here. "
        "Merge it with its parent in Hyper-V (Edit Disk, Merge) and import the merged disk."
    ),
    "vhdx-parent": _(
        "This VHDX is a differencing disk: it holds only the changes to a parent disk, which is not here. "
        "Merge it with its parent in Hyper-V (Edit Disk, Merge) and import the merged disk."
    ),
    "vhdx-log": _(
        "This VHDX was not closed properly: its last changes are still in its log and would be lost. "
        "Attach and detach it once in Windows, or run qemu-img check -r all -f vhdx disk.vhdx, and import it again."
    ),
    "vdi-parent": _(
        "This VDI (%(type)s) belongs to a snapshot and holds only the changes to a parent disk, which is not here. "
        "Copy the whole disk first: VBoxManage clonemedium disk.vdi whole.vdi"
    ),
    "encrypted": _(
        "This %(format)s image is encrypted (%(method)s) and cannot be read without its key. "
        "Decrypt it first, for example by converting it with qemu-img and its secret, and import the result."
    ),
    "format-qed": _(
        "This is a QED image. The format is no longer kept up and is not accepted. "
        "Convert it first: qemu-img convert -f qed -O qcow2 disk.qed disk.qcow2"
    ),
    "unknown-features": _(
        "This %(format)s file needs features this service does not know (%(features)s), so it could be read wrongly. "
        "Convert it with the program that made it to a plain qcow2, or raw, and import that."
    ),
    "other-format": _(
        "The file was announced as %(claimed)s, but its content is %(found)s. "
        "Choose the right format, or check that this is the right file."
    ),
    "ambiguous": _(
        "The file looks like several things at once (%(found)s), so it is not clear what a program would read in it. "
        "Convert it with the format you mean to qcow2 (qemu-img convert -f FORMAT -O qcow2) and import that."
    ),
    "ova-structure": _(
        "This OVA is not a plain archive of files beside each other, each with a name of its own (%(detail)s). "
        "Export the virtual machine again, or extract its disks and import them."
    ),
    "ovf-unreadable": _(
        "The description of the virtual machine in this OVA cannot be read (%(detail)s). "
        "Export the virtual machine again, or extract its disks and import them."
    ),
    "ova-manifest": _(
        "The manifest in this OVA cannot be read, or speaks of files that are not in it (%(line)s). "
        "Export the virtual machine again."
    ),
    "ova-checksum": _(
        "“%(file)s” in this OVA differs from what its manifest says. The file was damaged or changed; "
        "copy it again, or export the virtual machine again."
    ),
    "ova-machines": _(
        "This OVA describes %(count)s virtual machines; exactly one is imported. Export each by itself."
    ),
    "ova-no-disk": _("The virtual machine in this OVA has no disk with content: there is nothing to import."),
    "ova-disks": _(
        "Too many disks: the virtual machine in this OVA has %(count)s, and at most %(most)s are taken."
    ),
    "ova-delta": _(
        "“%(file)s” in this OVA holds only the changes to another disk. "
        "Consolidate the snapshots of the virtual machine and export it again."
    ),
    "ova-file-missing": _(
        "“%(file)s” belongs to the virtual machine in this OVA and is not in it. "
        "The transfer was probably interrupted, or parts lie elsewhere; export the virtual machine into one file."
    ),
    "ova-compressed": _(
        "“%(file)s” in this OVA is compressed, or cut into pieces. "
        "Export the virtual machine again without that; its disks are compressed anyway."
    ),
    "not-an-image": _(
        "This is not a disk image (found: %(found)s). Accepted are raw, QCOW2, QCOW1, VMDK, VHD, VHDX, VDI, ISO and OVA "
        "files; unpack an archive first, and choose the format raw for a disk without partition table or file system."
    ),
    "empty": _("The image is empty: there is nothing in it. Check that the file was written completely."),
    "too-large": _(
        "The disk in this image has %(size_bytes)s bytes; at most %(limit_bytes)s bytes are allowed. "
        "Shrink its file systems and the disk, and import it again."
    ),
    "truncated": _(
        "The file ends too early: it has %(size_bytes)s bytes, but needs at least %(needed_bytes)s. "
        "The transfer was probably interrupted; copy the file again and compare its checksum."
    ),
    "corrupt": _(
        "The file is damaged (%(detail)s). "
        "Copy it again and compare its checksum, or try to repair it with qemu-img check -r all."
    ),
    "absurd-header": _(
        "The header of this %(format)s file cannot be right (%(field)s = %(value)s); the file is damaged or made to "
        "mislead. Copy it again, or convert it to qcow2 with the program that made it."
    ),
    "unsafe-structure": _(
        "This %(format)s file did not pass the safety check (%(check)s). "
        "Convert it to qcow2 where you trust it (qemu-img convert -O qcow2) and import the result."
    ),
    "too-complex": _(
        "This %(format)s file could not be examined within the limits of memory and time. "
        "Convert it to a plain qcow2 (qemu-img convert -O qcow2) and import the result."
    ),
    "no-partition-table": _(
        "The disk has no partition table. That is fine for a data disk; a system disk would hardly start."
    ),
    "partition-beyond-end": _(
        "A partition ends behind the end of the disk. The disk was probably shrunk; check its file systems."
    ),
    "padded": _("The size of the file is not a multiple of 512 bytes; the end is filled up with zeros."),
    "snapshots": _("The file contains internal snapshots. Only the current state of the disk is imported."),
    "unclean": _(
        "The file was not closed properly when it was last used. Check the file systems after the import."
    ),
    "leaked-clusters": _(
        "The file contains space that is no longer used. It does no harm and is not imported."
    ),
    "vhd-geometry": _(
        "The VHD states a size and a smaller geometry; the disk ends where the geometry ends, and data behind it is "
        "left out. If its creator meant the size, convert it first: "
        "qemu-img convert --image-opts driver=vpc,file.filename=disk.vhd,force_size_calc=current_size "
        "-O qcow2 disk.qcow2"
    ),
}

SENTENCES: Sentences = {
    **INSPECTION,
    "no-file": _("No file was sent. Choose a file and send the form again."),
    "fast-needs-raw": _(
        "Fast import takes RAW disks only, and this is a %(format)s file. Import it without fast import; it is "
        "inspected and converted either way."
    ),
    "upload-broken": _(
        "The connection ended before the whole file “%(name)s” had arrived. Nothing of it was kept; "
        "please upload it again."
    ),
    "upload-longer": _(
        "More bytes of “%(name)s” arrived than the browser had announced. Nothing of it was kept; "
        "please upload it again."
    ),
    "upload-gone": _(
        "The uploaded file “%(name)s” is no longer there: it expired or was discarded. Please upload it again."
    ),
    "upload-busy": _(
        "“%(name)s” is being uploaded elsewhere right now, maybe in another tab. Wait until that has ended, "
        "or end it there; then go on here."
    ),
    "upload-ended": _("“%(name)s” takes no more bytes: its upload has ended. Reload the page to see how."),
    "upload-offset": _(
        "“%(name)s” goes on at byte %(offset)s, not at %(given)s. Ask again how far it is, and go on there."
    ),
    "upload-header": _("The header %(header)s is missing or cannot be read."),
    "upload-version": _("This service speaks version %(version)s of the tus protocol."),
    "upload-chunk-differs": _(
        "A piece of “%(name)s” arrived damaged and was dropped. Send it again from byte %(offset)s."
    ),
    "checksum-differs": _(
        "The SHA-256 of the file that arrived is %(found)s, not the one you gave (%(wanted)s). "
        "Nothing of it was kept; check the file and the checksum and upload it again."
    ),
}
