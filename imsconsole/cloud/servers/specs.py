"""From rows to what the engine must know."""

from imsconsole.cloud.keys.material import engine_key
from imsconsole.cloud.models import Disk, Server
from imsconsole.cloud.names import host_name
from imsconsole.core.locks import locked_all
from imsconsole.engine.types import GIB, DiskSpec, Key, Seed, ServerSpec


def server_spec(server: Server, incoming: Disk | None = None) -> ServerSpec:
    """All an engine must know to build or start a server; disks by index, the system disk first.

    What its machine has beside them is what the image of its system disk asked for, or that of `incoming`, which is to be it.
    """
    disks = list(server.disks.attached().select_related("key").order_by("index"))
    system = incoming or next(iter(disks), None)
    return ServerSpec(
        id=server.pk,
        name=server.name,
        vcpus=server.flavor.vcpus,
        memory_mb=server.flavor.memory_mb,
        architecture=server.architecture,
        boot_mode=server.boot_mode,
        mac=server.mac,
        private_ip=server.private_ip,
        seed=server_seed(server, disks[0].instance_id if disks else ""),
        ref=server.ref,
        disks=tuple(disk_spec(disk) for disk in disks),
        multi_queue=bool(system and system.multi_queue),
        secure_boot=bool(system and system.secure_boot),
        tpm=bool(system and system.tpm),
        cd_ref=server.cd_ref,
        iso_ref=server.iso_ref,
        zone=server.zone_id,
        flavor=server.flavor.name,
    )


def write_refs(spec: ServerSpec) -> None:
    """Write where a server and all that is in it are now, and its addresses, as an engine's verb returned it: under the caller's fence."""
    places = {"ref": spec.ref, "cd_ref": spec.cd_ref, "iso_ref": spec.iso_ref}
    Server.objects.filter(pk=spec.id).update(**places, mac=spec.mac, private_ip=spec.private_ip)
    refs = {disk.id: disk.ref for disk in spec.disks}
    disks = locked_all(Disk.objects.filter(pk__in=refs))
    for disk in disks:
        disk.ref = refs[disk.pk]
    Disk.objects.bulk_update(disks, ["ref"])


def disk_spec(disk: Disk) -> DiskSpec:
    """A disk at its place in its server. Load its `key` with it."""
    return DiskSpec(disk.pk, disk.ref, disk.index, disk.size_gb * GIB, key_of(disk))


def key_of(disk: Disk) -> Key | None:
    """What a disk is encrypted with, as an engine knows it."""
    return engine_key(disk.key, disk.project_id) if disk.key else None


def server_seed(server: Server, instance_id: str = "") -> Seed:
    """What the guest's cloud-init reads at its first start; it does so again when `instance_id` is new to it."""
    return Seed(
        instance_id=instance_id or str(server.pk),
        hostname=server.host_name or host_name(server.name, f"ecs-{server.pk.hex[:8]}"),
        ssh_keys=(server.ssh_key,) if server.ssh_key else (),
        password_hash=server.password_hash,
        user_data=server.user_data.encode(),
    )
