"""What people are told about public images."""

from images.models import Image
from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Project
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send


def tell_deprecation(image: Image) -> None:
    """A message to the members of every project that has servers from it; the same news once only."""
    successor, on = image.successor, f"{image.deprecated_on:%Y-%m-%d}"
    code = "image-deprecated-successor" if successor else "image-deprecated"
    named = {"name": image.name, "on": on, "successor": successor.name if successor else ""}
    using = Project.objects.filter(servers__image=image, servers__deleted_at=None).distinct()
    for project in using.select_related("account"):
        send(
            code,
            to=members_of(project),
            values={**named, "project": project.name},
            level=Message.Level.WARNING,
            project=project,
            subject=("image", image.pk),
            once=f"{code}:{image.pk}:{project.pk}:{on}"[:128],
        )
