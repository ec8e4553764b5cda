"""Every service leaves a trace."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType

import images
import imsconsole
import market
import sharing
from imsconsole.audit.words import ACTIONS

ROOMS = (imsconsole, images, sharing, market)


def service_modules() -> Iterator[str]:
    for room in ROOMS:
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if "services" in module.name.split("."):
                yield module.name


def public_functions(name: str) -> Iterator[FunctionType]:
    for attribute, value in vars(importlib.import_module(name)).items():
        ours = inspect.isfunction(value) and value.__module__ == name
        if ours and not attribute.startswith("_"):
            yield value


def test_every_public_function_of_a_services_module_is_an_audited_service() -> None:
    modules = list(service_modules())
    assert modules
    mute = [
        f"{name}.{function.__name__}"
        for name in modules
        for function in public_functions(name)
        if not getattr(function, "audit_action", "")
    ]
    assert mute == []


def test_every_service_has_a_name_in_the_trail_that_people_can_read() -> None:
    actions = {function.audit_action for name in service_modules() for function in public_functions(name)}  # type: ignore[attr-defined]
    assert actions - ACTIONS.keys() == set()


def test_every_service_takes_its_actor_by_keyword() -> None:
    for name in service_modules():
        for function in public_functions(name):
            parameter = inspect.signature(function).parameters["actor"]
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, function
