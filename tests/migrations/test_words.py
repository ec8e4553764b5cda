"""`DescribeField` is for what no database keeps: it changes no table, and all that comes after it knows."""

from typing import Any

from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import AutoField, CharField, Field

from imsconsole.core.operations import DescribeField


def of_a_table(field: "Field[Any, Any]") -> tuple[str, list[Any], dict[str, Any]]:
    _name, path, args, options = field.deconstruct()
    not_kept = (*field.non_db_attrs, "default")
    return path, list(args), {name: value for name, value in options.items() if name not in not_kept}


def test_no_migration_describes_what_a_table_has() -> None:
    loader = MigrationLoader(None)
    state, described = ProjectState(), 0
    for key in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True):
        for operation in loader.graph.nodes[key].operations:
            if isinstance(operation, DescribeField):
                before = state.models[key[0], operation.model_name_lower].fields[operation.name]
                assert of_a_table(before) == of_a_table(operation.field), (key, operation.name)
                described += 1
            operation.state_forwards(key[0], state)
    assert described >= 93


def test_what_was_described_is_known_to_models_that_are_made_afterwards() -> None:
    state = ProjectState()
    state.add_model(
        ModelState("jobs", "Thing", [("id", AutoField(primary_key=True)), ("word", CharField(max_length=7))])
    )
    made = state.apps
    DescribeField("thing", "word", CharField("Word", max_length=7)).state_forwards("jobs", state)
    assert state.apps is made
    state.clear_delayed_apps_cache()
    assert state.apps.get_model("jobs", "thing")._meta.get_field("word").verbose_name == "Word"
