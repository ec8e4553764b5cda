"""What people are told about public images."""

from images.models import Image
from imsconsole.accounts.actor import members_of
from imsconsole.accounts.models import Project
from imsconsole.notifications.models import Message
from imsconsole.notifications.send import send


def tell_deprecation(image: Image) -> None:
    """A message to the members of every project that has servers from it; the same news once only."""
    values = {"name": image.name, "on": f"{image.deprecated_on:%Y-%m-%d}"}
    code = "image-deprecated"
    if image.successor:
        code, values["successor"] = "image-deprecated-successor", image.successor.name
    using = Project.objects.filter(servers__image=image, servers__deleted_at=None).distinct()
    for project in using.select_related("account"):
        send(
            code,
            to=members_of(project),
            values={**values, "project": project.name},
            level=Message.Level.WARNING,
            project=project,
            subject=("image", image.pk),
            once=f"{code}:{image.pk}:{project.pk}:{values['on']}"[:128],
        )
