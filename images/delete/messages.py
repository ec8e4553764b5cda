"""What the owner of an image, and projects that have accepted it, are told when it is deleted or comes back."""

from images.models import Image
from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Project, Role
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send


def tell_receivers(code: str, image: Image) -> None:
    """A message to those of the receiving projects who may write."""
    with_it = Project.objects.filter(
        received_shares__image=image, received_shares__status="accepted", received_shares__ended_at=None
    )
    for project in with_it.select_related("account"):
        _tell(code, image, project, Message.Level.WARNING)


def tell_owner(code: str, image: Image) -> None:
    """A message to those of the image's project who may write."""
    assert image.project is not None  # noqa: S101 - private images have one
    _tell(code, image, image.project, Message.Level.INFO)


def _tell(code: str, image: Image, project: Project, level: Message.Level) -> None:
    send(
        code,
        to=members_of(project, Role.FULL_ACCESS, Role.ADMINISTRATOR),
        values={"image": image.name, "project": project.name},
        level=level,
        project=project,
    )
