"""What projects that have accepted an image are told when its owner deletes it, or brings it back."""

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
        send(
            code,
            to=members_of(project, Role.FULL_ACCESS, Role.ADMINISTRATOR),
            values={"image": image.name, "project": project.name},
            level=Message.Level.WARNING,
            project=project,
        )
