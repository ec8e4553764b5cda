"""Where the code says a sentence of `core.sentences`: the code it names and the values it gives, read from the syntax.

A code is given to an error, to `refuse_as`, to `send` and `send_each`, to `change_status`, or to a function that hands
its own parameter `code` on to one of these.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TypeVar

Function = ast.FunctionDef | ast.AsyncFunctionDef
Node = TypeVar("Node", bound=ast.AST)
ROOT = Path(__file__).parents[2]
ROOMS = ("imsconsole", "images", "sharing", "market")


@dataclass(frozen=True)
class Saying:
    """One place that says the sentence of a code, with values of these names."""

    code: str
    given: frozenset[str]
    where: str
    is_message: bool = False


@dataclass(frozen=True)
class Bound:
    """What the caller of a function gave it: the code, and the names of its further keywords."""

    codes: tuple[str, ...] = ()
    more: frozenset[str] = frozenset()


class Module:
    """A module's syntax, walked once: its nodes with the innermost function around each."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree = name, tree
        self.functions = {node.name: node for node in tree.body if isinstance(node, Function)}
        self.nodes = list(_with_functions(tree))
        self.imported = {
            alias.asname or alias.name: (node.module or "", alias.name)
            for node in self.of(ast.ImportFrom)
            for alias in node.names
        }

    def of(self, kind: type[Node]) -> Iterator[Node]:
        return (node for node, _function in self.nodes if isinstance(node, kind))


def modules() -> dict[str, Module]:
    """By its dotted name, every module of the product but migrations."""
    paths = (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    found = {}
    for path in paths:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if ".migrations." not in name:
            found[name] = Module(name, ast.parse(path.read_text()))
    return found


class Sayings:
    """All of them, and what is refused in words of its own. The code is read when it is first asked for."""

    @cached_property
    def modules(self) -> dict[str, Module]:
        return modules()

    @cached_property
    def all(self) -> list[Saying]:
        return [said for module in self.modules.values() for said in self._in_module(module)]

    @cached_property
    def messages(self) -> list[Saying]:
        return [said for said in self.all if said.is_message]

    @cached_property
    def refused(self) -> dict[str, str]:
        """Codes of refusals that bring their own sentence, and where."""
        return {
            node.args[0].value: f"{module.name}:{node.lineno}"
            for module in self.modules.values()
            for node in module.of(ast.Call)
            if _name(node.func) == "refuse" and _is_text(node.args[0])
        }

    @cached_property
    def words(self) -> set[str]:
        """Every string that stands in the code by itself, but not in the sentences' own modules."""
        return {
            node.value
            for module in self.modules.values()
            if ".sentences" not in module.name
            for node in module.of(ast.Constant)
            if _is_text(node)
        }

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kinds of errors by their names, with their default codes. `Refused` brings a verdict's."""
        classes = {node.name: node for module in self.modules.values() for node in module.of(ast.ClassDef)}
        found = {"ImsError": ""}
        while True:
            new = {
                name: _default_code(node) or found[base]
                for name, node in classes.items()
                for base in map(_name, node.bases)
                if base in found and name not in found and name != "Refused"
            }
            if not new:
                return found
            found |= new

    def _in_module(self, module: Module) -> Iterator[Saying]:
        for node, function in module.nodes:
            if function:
                yield from self._said(node, module, function, Bound())

    def _said(self, node: ast.AST, module: Module, function: Function, bound: Bound) -> Iterator[Saying]:
        scope = Scope(module, function, bound)
        where = f"{module.name}:{getattr(node, 'lineno', 0)}"
        match node:
            case ast.Raise(exc=ast.Name(id=name)) if name in self.kinds:
                yield Saying(self.kinds[name], frozenset(), where)
            case ast.Dict() if {"code", "values"} <= (held := _entries(node)).keys():
                for code in scope.codes(held["code"]):
                    yield Saying(code, scope.names(held["values"]), where)
            case ast.Call():
                yield from self._called(node, scope, where)

    def _called(self, call: ast.Call, scope: "Scope", where: str) -> Iterator[Saying]:
        name, keywords = _name(call.func), {keyword.arg: keyword.value for keyword in call.keywords}
        if name in self.kinds and not call.args:
            yield Saying(self.kinds[name], scope.keywords(call), where)
        elif name in self.kinds or name == "refuse_as":
            for code in scope.codes(call.args[0]):
                yield Saying(code, scope.keywords(call), where)
        elif name in ("send", "send_each") and "to" in keywords:
            for code in scope.codes(call.args[0]):
                own = {"project"} if name == "send_each" else set()
                yield Saying(code, scope.names(keywords.get("values")) | own, where, is_message=True)
        elif name == "change_status" and "code" in keywords:
            for code in scope.codes(keywords["code"]):
                yield Saying(code, scope.names(keywords.get("values")), where)
        elif found := self._carrier(name, scope.module):
            yield from self._carried(call, scope, found)

    def _carrier(self, name: str, module: Module) -> tuple[Module, Function] | None:
        """The function of that name, when one of its parameters is called `code`."""
        home, name = module.imported.get(name, (module.name, name))
        there = self.modules.get(home)
        function = there.functions.get(name) if there else None
        return (there, function) if there and function and "code" in _parameters(function) else None

    def _carried(self, call: ast.Call, scope: "Scope", carrier: tuple[Module, Function]) -> Iterator[Saying]:
        """What a function says that was handed a code."""
        module, function = carrier
        names = _parameters(function)
        place = names.index("code")
        code = call.args[place] if place < len(call.args) else dict(_keywords(call)).get("code")
        codes = scope.codes(code) if code is not None else ()
        if codes:
            bound = Bound(codes, scope.keywords(call) - set(names))
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and any(_is_code(each) for each in _arguments(node)):
                    yield from self._said(node, module, function, bound)


@dataclass(frozen=True)
class Scope:
    """A function, as its caller has called it: what its names stand for."""

    module: Module
    function: Function
    bound: Bound

    def codes(self, value: ast.AST | None) -> tuple[str, ...]:
        """The codes that an expression can be; none when it only turns out later."""
        match value:
            case ast.Constant(value=str(code)):
                return (code,) if code else ()
            case ast.IfExp(body=body, orelse=orelse):
                return self.codes(body) + self.codes(orelse)
            case ast.Name(id="code") if "code" in _parameters(self.function):
                return self.bound.codes
            case ast.Name(id=name):
                found = _assigned(self.function, name) or _assigned(self.module.tree, name)
                return tuple(chain.from_iterable(map(self.codes, found)))
        return ()

    def names(self, value: ast.AST | None) -> frozenset[str]:
        """The names of values in an expression for a dictionary; raises LookupError when they cannot be told."""
        match value:
            case None:
                return frozenset()
            case ast.Dict(keys=keys, values=values):
                spread = [each for key, each in zip(keys, values, strict=True) if key is None]
                return frozenset(_entries(value)).union(*map(self.names, spread))
            case ast.Name(id=name) if self.function.args.kwarg and name == self.function.args.kwarg.arg:
                return self.bound.more
            case ast.Name(id=name) if found := _assigned(self.function, name):
                return frozenset.intersection(*map(self.names, found))
        raise LookupError(f"{self.module.name}:{getattr(value, 'lineno', 0)}: write the values out here")

    def keywords(self, call: ast.Call) -> frozenset[str]:
        named = frozenset(name for name, _value in _keywords(call))
        spread = (keyword.value for keyword in call.keywords if keyword.arg is None)
        return named.union(*map(self.names, spread))


def _with_functions(tree: ast.AST) -> Iterator[tuple[ast.AST, Function | None]]:
    waiting: list[tuple[ast.AST, Function | None]] = [(tree, None)]
    while waiting:
        node, function = waiting.pop()
        if node is not tree:
            yield node, function
        inner = node if isinstance(node, Function) else function
        waiting += reversed([(child, inner) for child in ast.iter_child_nodes(node)])


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_code(node: ast.AST) -> bool:
    return _name(node) == "code"


def _arguments(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _keywords(call: ast.Call) -> list[tuple[str, ast.expr]]:
    return [(keyword.arg, keyword.value) for keyword in call.keywords if keyword.arg is not None]


def _parameters(function: Function) -> list[str]:
    return [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]


def _entries(node: ast.Dict) -> Mapping[str, ast.expr]:
    return {key.value: value for key, value in zip(node.keys, node.values, strict=True) if _is_text(key)}  # type: ignore[union-attr,arg-type]


def _assigned(tree: ast.AST, name: str) -> list[ast.expr]:
    """What is assigned to a name in a function or at the top of a module; also one of several at once."""
    found: list[ast.expr] = []
    for node in tree.body if isinstance(tree, ast.Module) else ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                found.append(value)
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                found.append(value)
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                found += [each for target, each in zip(targets, values, strict=True) if _name(target) == name]
    return found


def _default_code(node: ast.ClassDef) -> str:
    return next((value.value for value in _assigned_in_class(node) if isinstance(value.value, str)), "")


def _assigned_in_class(node: ast.ClassDef) -> Iterator[ast.Constant]:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="default_code")], value=ast.Constant() as value):
                yield value
            case ast.AnnAssign(target=ast.Name(id="default_code"), value=ast.Constant() as value):
                yield value
