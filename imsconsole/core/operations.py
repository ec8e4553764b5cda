"""What migrations do that Django has no word for."""

from typing import Any

from django.db.migrations.operations import AlterField
from django.db.migrations.state import ProjectState


class DescribeField(AlterField):
    """Give a field what no database keeps: another name, text or choices, or what it is in a new row.

    It is known to those after it, but their models are made anew only when one of them needs that: Django makes anew all that a
    changed field's model refers to, which for every word of every field takes most of an upgrade.
    """

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        models = state.__dict__.pop("apps", None)
        super().state_forwards(app_label, state)
        if models is not None:
            state.__dict__["apps"], state.is_delayed = models, True

    def database_forwards(self, *_args: Any) -> None:
        pass

    def database_backwards(self, *_args: Any) -> None:
        pass
