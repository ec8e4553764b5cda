"""The faults: what is left out of, or turned round in, the body of a function.

An argument that may be missing, a statement with an effect, one part of an *and*, one rule of several, a link of a
query; a condition that always or never holds; the other comparison. Not touched, because a test that noticed it would
be about something else: sentences, logs, row locks (`tests/house` has them on PostgreSQL), and what only saves time.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

TEXTS = {"_", "gettext", "ngettext", "gettext_lazy", "ngettext_lazy", "pgettext", "refuse"}
LOCKS = {"locked", "locked_all", "locked_many", "lock_project"}
SPEED = {"select_related", "prefetch_related", "only", "defer", "iterator"}
QUIET_KEYWORDS = {"update_fields", "force_insert", "way_label"}
LINKS = {"filter", "exclude", "visible_to", "order_by"}
TWINS = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
}  # fmt: skip
BOUNDS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Place:
    """A node, what it is a part of, and `put`, which sets another node in its place."""

    node: ast.AST
    parent: ast.AST
    part: str
    put: Callable[[ast.AST], None]

    @property
    def is_condition(self) -> bool:
        """Then *always* and *never* say what its opposite would."""
        return self.part in ("test", "ifs") or isinstance(self.parent, ast.BoolOp)


@dataclass(frozen=True)
class Fault:
    """A fault in a function: the line its statement begins on, what that says before and after; `put` makes it."""

    function: str
    line: int
    what: str
    put: Callable[[], None]


def faults(tree: ast.Module, namespace: Mapping[str, Any]) -> Iterator[Fault]:
    """Every fault that could be put into the functions of a module, in the order of its lines.

    `namespace` is the imported module's: what its calls may leave out is looked up there.
    """
    for name, function in functions_of(tree):
        for statement, place in _below(function):
            for new in _instead(place, function, namespace):
                what = _change(_said(place.node), _said(new))
                yield Fault(name, statement.lineno, what, partial(_put, place, new))


def _put(place: Place, new: ast.AST) -> None:
    place.put(ast.fix_missing_locations(new))


def _said(node: ast.AST) -> str:
    if isinstance(node, ast.If | ast.While):
        node = node.test
    return " ".join(ast.unparse(node).split())


def _change(before: str, after: str) -> str:
    """Both, without the words in which they agree when they are long."""
    old, new = (re.findall(r"\w+|\W", each) for each in (before, after))
    if len(before) < 60:
        return f"{before} → {after}"
    start = _agreeing(old, new)
    end = _agreeing(old[start:][::-1], new[start:][::-1])
    gone, come = ("".join(each[start : len(each) - end]).strip(" ,") for each in (old, new))
    return f"…{gone}… → …{come}…" if come else f"without {gone}"


def _agreeing(one: list[str], other: list[str]) -> int:
    """How many words they begin with are the same."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))


def functions_of(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """The functions and methods with their qualified names; what is defined within one belongs to it."""
    for node in tree.body:
        if isinstance(node, FUNCTIONS):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (f"{node.name}.{each.name}", each) for each in node.body if isinstance(each, FUNCTIONS)
            )


def _below(function: ast.AST) -> Iterator[tuple[ast.stmt, Place]]:
    """Every place in a function's body, with the statement it is in."""
    for index, statement in enumerate(function.body):  # type: ignore[attr-defined]
        place = Place(statement, function, "body", partial(function.body.__setitem__, index))  # type: ignore[attr-defined]
        yield from _from(place, statement)


def _from(place: Place, statement: ast.stmt) -> Iterator[tuple[ast.stmt, Place]]:
    if _is_quiet(place.node):
        return
    if isinstance(place.node, ast.stmt):
        statement = place.node
    yield statement, place
    for part, value in ast.iter_fields(place.node):
        if part in _quiet_parts(place.node):
            continue
        if isinstance(value, ast.AST):
            yield from _from(Place(value, place.node, part, partial(setattr, place.node, part)), statement)
        elif isinstance(value, list):
            for index, each in enumerate(value):
                if isinstance(each, ast.AST):
                    put = partial(value.__setitem__, index)
                    yield from _from(Place(each, place.node, part, put), statement)


def _is_quiet(node: ast.AST) -> bool:
    """Whether nothing in it is touched: a sentence, an error's values, a docstring, a log, a lock."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Raise():
            return True
        case ast.Expr(value=call):
            return bool(LOCKS & _called(call)) or _is_quiet(call)
        case ast.BinOp(op=ast.Mod(), left=left):
            return _is_quiet(left)
        case ast.keyword(arg=arg):
            return arg in QUIET_KEYWORDS - {"update_fields"}
        case ast.Call(func=ast.Name(id=name)):
            return name in TEXTS
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
            return name in ("log", "logger")
    return False


def _quiet_parts(node: ast.AST) -> tuple[str, ...]:
    if isinstance(node, ast.Call) and _last(node) in LOCKS | SPEED:
        return ("args", "keywords")
    return ("annotation", "returns", "decorator_list", "defaults", "kw_defaults")


def _last(call: ast.Call) -> str:
    """The name of the method that is called; nothing for a plain function."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _called(node: ast.AST) -> set[str]:
    """The names of everything that is called in a chain of calls."""
    names = set()
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names.add(node.func.id)
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        node = node.func if isinstance(node, ast.Call) else node.value
    return names


def _but(node: ast.AST, **changes: Any) -> ast.AST:
    """The same node with other parts."""
    return ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), **changes}), node)


def _each_left_out(parts: list[Any]) -> Iterator[list[Any]]:
    return ([*parts[:index], *parts[index + 1 :]] for index in range(len(parts)))


def _instead(place: Place, function: ast.FunctionDef, namespace: Mapping[str, Any]) -> Iterator[ast.AST]:
    """What could stand in a place instead of what does."""
    node = place.node
    match node:
        case ast.If() | ast.IfExp():
            yield from (_but(node, test=ast.Constant(always)) for always in (True, False))
        case ast.While():
            yield _but(node, test=ast.Constant(False))
        case ast.comprehension(ifs=ifs):
            yield from (_but(node, ifs=fewer) for fewer in _each_left_out(ifs))
        case ast.BoolOp(values=values):
            yield from (
                fewer[0] if len(fewer) == 1 else _but(node, values=fewer) for fewer in _each_left_out(values)
            )
        case ast.UnaryOp(op=ast.Not(), operand=operand) if not place.is_condition:
            yield operand
        case ast.Compare(ops=[op], comparators=[other]):
            if isinstance(op, BOUNDS) or not place.is_condition:
                yield _but(node, ops=[TWINS[type(op)]()])
            if isinstance(op, ast.In | ast.NotIn):
                yield from (_but(node, comparators=[fewer]) for fewer in _fewer(other))
        case ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in TWINS:
            yield _but(node, op=TWINS[type(op)]())
        case ast.keyword(arg=arg, value=value) if arg and (arg.endswith("__in") or arg == "update_fields"):
            yield from (_but(node, value=fewer) for fewer in _fewer(value))
        case ast.Call():
            yield from _other_calls(node, namespace)
        case ast.Constant(value=bool(value)):
            yield _but(node, value=not value)
        case ast.Constant(value=int() | float() as value):
            yield _but(node, value=value + 1)
        case ast.Expr(value=ast.Call()):
            yield ast.copy_location(ast.Pass(), node)
        case ast.Assign() | ast.AugAssign():
            yield from _fewer_effects(node)
        case ast.Return(value=value) if value:
            yield from _other_answers(node, value, function, namespace)


def _fewer(literal: ast.AST) -> Iterator[ast.AST]:
    if isinstance(literal, ast.Tuple | ast.List | ast.Set) and len(literal.elts) > 1:
        yield from (_but(literal, elts=fewer) for fewer in _each_left_out(literal.elts))


def _other_calls(call: ast.Call, namespace: Mapping[str, Any]) -> Iterator[ast.AST]:
    """Without an argument that may be missing, without a link of its chain, the opposite."""
    if _last(call) in LOCKS | SPEED:
        return
    for index, keyword in enumerate(call.keywords):
        fewer = _but(call, keywords=[*call.keywords[:index], *call.keywords[index + 1 :]])
        is_all = _last(call) in LINKS and len(call.keywords) == 1 and not call.args
        if keyword.arg and keyword.arg not in QUIET_KEYWORDS and not is_all and _fits(fewer, namespace):
            yield fewer
    for index in range(len(call.args)):
        fewer = _but(call, args=[*call.args[:index], *call.args[index + 1 :]])
        is_last = index == len(call.args) - 1 and _is_known(call, namespace)
        if (is_last or _takes_any_number(call, namespace)) and _fits(fewer, namespace):
            yield fewer
    if _last(call) in LINKS:
        yield call.func.value  # type: ignore[attr-defined]
    if isinstance(call.func, ast.Name) and call.func.id in OPPOSITES:
        yield _but(call, func=ast.Name(OPPOSITES[call.func.id], ast.Load()))


def _signature(call: ast.Call, namespace: Mapping[str, Any]) -> inspect.Signature | None:
    """Of a function or class that the module knows by name; builtins say nothing."""
    try:
        return inspect.signature(namespace[call.func.id])  # type: ignore[attr-defined]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _is_known(call: ast.Call, namespace: Mapping[str, Any]) -> bool:
    return _signature(call, namespace) is not None


def _takes_any_number(call: ast.Call, namespace: Mapping[str, Any]) -> bool:
    """Of equal arguments: *rules*, one of which may be forgotten."""
    signature = _signature(call, namespace)
    kinds = [each.kind for each in signature.parameters.values()] if signature else []
    return kinds == [inspect.Parameter.VAR_POSITIONAL]


def _fits(call: ast.AST, namespace: Mapping[str, Any]) -> bool:
    """Whether the call could be made: one that raises TypeError says only that the line is run."""
    assert isinstance(call, ast.Call)
    signature = _signature(call, namespace)
    if signature is None or any(each.arg is None for each in call.keywords):
        return True
    if any(isinstance(each, ast.Starred) for each in call.args):
        return True
    try:
        signature.bind(*call.args, **{str(each.arg): each for each in call.keywords})
    except TypeError:
        return False
    return True


def _fewer_effects(node: ast.Assign | ast.AugAssign) -> Iterator[ast.AST]:
    """Without what is written into a thing; a plain variable would only be missing."""
    match node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
            without_one = zip(targets, _each_left_out(targets), _each_left_out(values), strict=False)
            for target, left, right in without_one:
                if isinstance(target, ast.Attribute | ast.Subscript):
                    yield _but(
                        node, targets=[ast.Tuple(left, ast.Store())], value=ast.Tuple(right, ast.Load())
                    )
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]) | ast.AugAssign():
            yield ast.copy_location(ast.Pass(), node)


def _other_answers(
    node: ast.Return, value: ast.AST, function: ast.FunctionDef, namespace: Mapping[str, Any]
) -> Iterator[ast.AST]:
    """A question that is always answered alike; a rule that hands on no refusal."""
    answer = ast.unparse(function.returns) if function.returns else ""
    if answer == "bool" and not isinstance(value, ast.Constant):
        yield from (_but(node, value=ast.Constant(always)) for always in (True, False))
    is_asked = isinstance(value, ast.Call) and "refuse" not in _called(value)
    if answer == "Verdict" and "ALLOWED" in namespace and is_asked:
        yield _but(node, value=ast.Name("ALLOWED", ast.Load()))
