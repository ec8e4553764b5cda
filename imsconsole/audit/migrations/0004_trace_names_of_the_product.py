"""Sharing and tags are called in the trail as the product calls them; the members of an account have names of their own."""

from typing import Any

from django.db import migrations

# in this order: what was called `addMember` is not what is called so now
NAMES = {
    "addMember": "addAccountMember",
    "changeMember": "updateAccountMember",
    "removeMember": "removeAccountMember",
    "shareImage": "addMember",
    "stopSharingImage": "deleteMember",
}
ANSWERS = {"acceptImage": "Accepted", "rejectImage": "Rejected"}


def rename(apps: Any, schema_editor: Any) -> None:
    events = apps.get_model("audit", "Event").objects
    for former, name in NAMES.items():
        events.filter(action=former).update(action=name)
    for former, answer in ANSWERS.items():
        events.filter(action=former, details="").update(details={"msgid": answer, "values": {}})
        events.filter(action=former).update(action="updateMember")
    for event in events.filter(action="updateTag").iterator():
        event.action = "deleteTag" if str(event.details).endswith("→ –") else "addTag"
        event.save(update_fields=["action"])


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_words_of_fields")]

    operations = [migrations.RunPython(rename, migrations.RunPython.noop)]
