"""The engine of a cloud: each verb, in the room that does it."""

from imsconsole.engine.openstack.cloud import Cloud, CloudSettings


class OpenStackEngine:
    """Speaks the protocol of `engine.api`, which says what each verb does."""

    def __init__(self, settings: CloudSettings) -> None:
        self.cloud = Cloud(settings)
