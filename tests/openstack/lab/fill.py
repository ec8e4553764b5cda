"""Fills the lab, where that is not there yet: fill.py PORT identity|cloud.

`identity`: users, projects, roles and endpoints, once Keystone answers. `cloud`: flavors, volume types, networks and an AZ,
once all services do.
"""

import sys

import openstack

SERVICES = ("glance", "nova", "placement", "cinder", "neutron")
PEOPLE = ("demo", "other")
ENDPOINTS = {  # by the number of the port, after Keystone's
    "image": (1, ""), "volumev3": (2, "/v3"), "network": (3, ""), "compute": (4, "/v2.1"), "placement": (5, ""),
}  # fmt: skip
# (vCPUs, memory in MB): what tests ask for, and the flavors of the demo
FLAVORS = [
    (1, 64),
    (2, 96),
    (1, 128),
    (1, 192),
    (1, 256),
    (1, 512),
    (1, 1024),
    (1, 2048),
    (2, 4096),
    (4, 8192),
]

port = int(sys.argv[1])


def signed_in(user: str) -> openstack.connection.Connection:
    return openstack.connect(
        auth_url=f"http://127.0.0.1:{port}/v3", username=user, password="secret", project_name=user,
        user_domain_id="default", project_domain_id="default", region_name="RegionOne", identity_interface="public",
    )  # fmt: skip


def identity() -> None:
    keystone = signed_in("admin").identity
    roles = {role.name: role for role in keystone.roles()}
    for name in ("service", "member", "reader"):
        roles.get(name) or roles.setdefault(name, keystone.create_role(name=name))
    projects = {
        name: keystone.find_project(name) or keystone.create_project(name=name, domain_id="default")
        for name in (*PEOPLE, "service")
    }
    wanted = {name: (name, ["member"]) for name in PEOPLE}
    wanted |= {name: ("service", ["admin", "service"]) for name in SERVICES}
    for name, (where, with_roles) in wanted.items():
        user = keystone.find_user(name) or keystone.create_user(
            name=name, password="secret", default_project_id=projects[where].id, domain_id="default"
        )
        for role in with_roles:
            keystone.assign_project_role_to_user(projects[where], user, roles[role])
    known = {service.type: service for service in keystone.services()}
    there = {(each.service_id, each.interface): each for each in keystone.endpoints()}
    for kind, (number, path) in ENDPOINTS.items():
        url = f"http://127.0.0.1:{port + number}{path}"
        service = known.get(kind) or keystone.create_service(type=kind, name=kind)
        for interface in ("public", "internal"):
            if (old := there.get((service.id, interface))) is None:
                keystone.create_endpoint(
                    service_id=service.id, interface=interface, url=url, region_id="RegionOne"
                )
            elif old.url != url:
                keystone.update_endpoint(old, url=url)


def cloud() -> None:
    admin = signed_in("admin")
    have = {each.name for each in admin.compute.flavors()}
    for vcpus, memory_mb in FLAVORS:
        if (name := f"lab.{vcpus}-{memory_mb}") not in have:
            admin.compute.create_flavor(name=name, vcpus=vcpus, ram=memory_mb, disk=0)
    types = {each.name for each in admin.block_storage.types()}
    for name in {"files", "other-files"} - types:
        admin.block_storage.create_type(name=name, extra_specs={"volume_backend_name": "files"})
    if not any(each.name == "lab-zone" for each in admin.compute.aggregates()):
        zone = admin.compute.create_aggregate(name="lab-zone", availability_zone="lab-zone")
        admin.compute.add_host_to_aggregate(zone, "labhost")
    for user in PEOPLE:
        network = signed_in(user).network
        for number, name in ((7, "lab"), (8, "lab-2")):
            if not network.find_network(name):
                made = network.create_network(name=name)
                network.create_subnet(
                    network_id=made.id,
                    name=name,
                    ip_version=4,
                    cidr=f"192.168.{number}.0/24",
                    enable_dhcp=False,
                )


{"identity": identity, "cloud": cloud}[sys.argv[2]]()
