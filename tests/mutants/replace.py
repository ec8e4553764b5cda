"""Functions of a running process get other code, whatever holds, imports or decorates them."""

import ast
import gc
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType

from tests.mutants.chosen import TOP

Functions = dict[str, list[FunctionType]]


def functions_by_path(paths: Iterable[str]) -> Functions:
    """Those of the files, which have been imported."""
    gc.unfreeze()  # what tests/conftest.py has frozen is not among the objects
    found: Functions = {str(TOP / path): [] for path in paths}
    for each in gc.get_objects():
        if (
            type(each) is FunctionType and each.__code__.co_filename in found
        ):  # isinstance would ask lazy objects
            found[each.__code__.co_filename].append(each)
    return {path: found[str(TOP / path)] for path in paths}


def replace(path: str, tree: ast.Module, functions: Iterable[FunctionType], only: str = "") -> None:
    """Give the functions of a file the code that the tree has for them; `only` the one with that qualified name."""
    codes = {_place(code): code for code in _codes(compile(tree, str(TOP / path), "exec", dont_inherit=True))}
    for function in functions:
        if not only or function.__code__.co_qualname == only:
            function.__code__ = codes[_place(function.__code__)]


def _place(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield each
            yield from _codes(each)
