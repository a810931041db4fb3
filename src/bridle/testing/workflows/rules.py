"""The true rules of a random workflow, as data. A language of its own: a learner's conditions are none of these.

A need `holds` in a scene, or does not, or has nothing to say of it (None): the call leaves out what it speaks of, names
nothing that is known, or is no case of it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias

from bridle.trace import INTERFACE

Kind: TypeAlias = Literal[
    "interface",
    "shape",
    "reference",
    "state",
    "comparison",
    "cross-field",
    "cross-call",
    "order",
    "conditional",
    "routing",
]
KINDS: tuple[Kind, ...] = (
    "interface",
    "shape",
    "reference",
    "state",
    "comparison",
    "cross-field",
    "cross-call",
    "order",
    "conditional",
    "routing",
)
"""Classes of rules about calls. Beside them stand spellings, recoveries and escalations, which have no need."""

Relation: TypeAlias = Literal["==", "!=", "<=", ">="]
RELATIONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
}

ABSENT: Any = object()
"""What a term reads where there is nothing."""


class Done(NamedTuple):
    """A call that was carried out."""

    tool: str
    arguments: Mapping[str, Any]
    result: Any


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A call in a state: the things by their ids, which of them were shown, what was done, and the call's arguments."""

    things: Mapping[str, Mapping[str, Any]]
    shown: Container[str]
    done: Sequence[Done]
    arguments: Mapping[str, Any]

    def thing(self, argument: str) -> Mapping[str, Any] | None:
        """The thing that an argument names."""
        identity = self.arguments.get(argument)
        return self.things.get(identity) if isinstance(identity, str) else None

    def earlier(self, tool: str, argument: str) -> list[Done]:
        """The calls of a tool that named what this argument names."""
        identity = self.arguments.get(argument)
        return [done for done in self.done if done.tool == tool and identity in done.arguments.values()]


@dataclass(frozen=True)
class Given:
    """What the call says."""

    argument: str

    def value(self, scene: Scene) -> Any:
        """The argument's value."""
        return scene.arguments.get(self.argument, ABSENT)


@dataclass(frozen=True)
class Of:
    """A field of the thing that an argument names."""

    argument: str
    field: str

    def value(self, scene: Scene) -> Any:
        """The field's value."""
        thing = scene.thing(self.argument)
        return ABSENT if thing is None else thing.get(self.field, ABSENT)


@dataclass(frozen=True)
class Count:
    """How often a tool was called on what an argument names."""

    tool: str
    argument: str

    def value(self, scene: Scene) -> Any:
        """The number."""
        return len(scene.earlier(self.tool, self.argument))


@dataclass(frozen=True)
class Answer:
    """What the last call of a tool, on what an argument names, answered under a key; null where there was none."""

    tool: str
    argument: str
    key: str

    def value(self, scene: Scene) -> Any:
        """The answer."""
        earlier = scene.earlier(self.tool, self.argument)
        return earlier[-1].result.get(self.key) if earlier else None


def _sort(value: Any) -> str:
    """`text` and `number`: what can be compared with its like."""
    if isinstance(value, str):
        return "text"
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else ""


Term: TypeAlias = "Given | Of | Count | Answer"


@dataclass(frozen=True)
class Within:
    """A term has one of some values."""

    term: Term
    values: tuple[Any, ...]

    def holds(self, scene: Scene) -> bool | None:
        """Whether it does."""
        value = self.term.value(scene)
        return None if value is ABSENT else value in self.values


@dataclass(frozen=True)
class Filled:
    """A term is not null, and not an empty list."""

    term: Term

    def holds(self, scene: Scene) -> bool | None:
        """Whether it is not."""
        value = self.term.value(scene)
        return None if value is ABSENT else value is not None and value != []


@dataclass(frozen=True)
class Compared:
    """A term stands in a relation to another one, or to a constant. Null stands in none."""

    left: Term
    relation: Relation
    right: Term | int | float | str

    def holds(self, scene: Scene) -> bool | None:
        """Whether it does."""
        left = self.left.value(scene)
        right = self.right if isinstance(self.right, int | float | str) else self.right.value(scene)
        if left is ABSENT or right is ABSENT:
            return None
        if left is None or right is None:
            return False
        if _sort(left) != _sort(right) or not _sort(left):
            return None  # a value of another type is a matter of its shape
        return RELATIONS[self.relation](left, right)


@dataclass(frozen=True)
class Listed:
    """A term is in a list."""

    term: Term
    options: Term

    def holds(self, scene: Scene) -> bool | None:
        """Whether it is."""
        value, options = self.term.value(scene), self.options.value(scene)
        return value in options if isinstance(value, str) and isinstance(options, list) else None


@dataclass(frozen=True)
class Tabled:
    """A term has the value that a table gives for another one."""

    term: Term
    key: Term
    table: tuple[tuple[str, str], ...]

    def holds(self, scene: Scene) -> bool | None:
        """Whether it has."""
        value, key = self.term.value(scene), self.key.value(scene)
        return None if not isinstance(value, str) or key is ABSENT else dict(self.table).get(key) == value


@dataclass(frozen=True)
class Stated:
    """The call states an argument."""

    argument: str

    def holds(self, scene: Scene) -> bool | None:
        """Whether it does."""
        return self.argument in scene.arguments


@dataclass(frozen=True)
class NoOthers:
    """The call states none but these arguments."""

    arguments: tuple[str, ...]

    def holds(self, scene: Scene) -> bool | None:
        """Whether it does."""
        return set(scene.arguments) <= set(self.arguments)


@dataclass(frozen=True)
class Shaped:
    """An argument has a form: `type`, `enum`, `pattern`, `minimum` or `maximum`, as in JSON Schema."""

    argument: str
    keyword: str
    form: Any

    def holds(self, scene: Scene) -> bool | None:
        """Whether it has; of a value of another type only the type is asked."""
        if self.argument not in scene.arguments:
            return None
        value = scene.arguments[self.argument]
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if self.keyword == "type":
            whole = number and float(value).is_integer()
            types = {"string": isinstance(value, str), "number": number, "integer": whole}
            return types.get(self.form, isinstance(value, bool))
        if self.keyword == "enum":
            return value in self.form if isinstance(value, str) else None
        if self.keyword == "pattern":
            return re.search(self.form, value) is not None if isinstance(value, str) else None
        if not number:
            return None
        return bool(value >= self.form if self.keyword == "minimum" else value <= self.form)


@dataclass(frozen=True)
class Exists:
    """An argument names a thing that there is; where `shown`, one that was shown in this session."""

    argument: str
    shown: bool = True

    def holds(self, scene: Scene) -> bool | None:
        """Whether it does."""
        if self.argument not in scene.arguments:
            return None
        known = scene.thing(self.argument) is not None
        return known and (not self.shown or scene.arguments[self.argument] in scene.shown)


@dataclass(frozen=True)
class When:
    """A need that only counts where a premise holds."""

    premise: Within | Compared
    need: Need

    def holds(self, scene: Scene) -> bool | None:
        """The need's word, where the premise holds."""
        return self.need.holds(scene) if self.premise.holds(scene) else None


Need: TypeAlias = "Within | Filled | Compared | Listed | Tabled | Stated | NoOthers | Shaped | Exists | When"


@dataclass(frozen=True, kw_only=True)
class TrueRule:
    """A call of `tool` needs something, else it is answered with `error_class`.

    `fix` names the tool that makes it hold; empty where the arguments are to be put right, or where nothing does.
    `person` says that nothing and nobody but a person can, where it fails because something is not on record.
    """

    id: str
    kind: Kind
    tool: str
    need: Need
    error_class: str
    fix: str = ""
    person: bool = False


@dataclass(frozen=True, kw_only=True)
class TrueRecovery:
    """What is right after an error of a class: to make the call again after so many other calls, or never."""

    error_class: str
    again: bool
    after: int = 0


INTERFACE_RULES: tuple[TrueRule, ...] = tuple(
    TrueRule(id=f"interface/{word}", kind="interface", tool="", need=NoOthers(()), error_class=word)
    for word in sorted(INTERFACE)
)
"""Stand for what the tools' own declarations say; a schema is a rule that everybody can read."""
