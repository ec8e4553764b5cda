"""A cloud behind the boundary: Glance keeps stored disks, Cinder the disks of servers, Nova runs them, Neutron has their ports.

A server is its port and its volumes: those keep its MAC, its address and its content. Its machine in Nova is made of them
when it starts, and may be deleted and made again. cloud.py speaks to the services, marks.py says what is ours, engine.py
speaks the protocol of `engine.api`.
"""

from imsconsole.engine.openstack.cloud import CloudSettings
from imsconsole.engine.openstack.engine import OpenStackEngine

__all__ = ["CloudSettings", "OpenStackEngine"]
