"""What the deployment system's vendor changes: each a named mutation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridle.environments.enterprise.deployment.pipeline import Pipeline
from bridle.environments.enterprise.deployment.rules import needs
from bridle.environments.enterprise.deployment.tools import TOOLS
from bridle.environments.enterprise.existence import MISSING, UNSHOWN
from bridle.environments.enterprise.inserted import StateInserted, like
from bridle.environments.enterprise.mutations import (
    ArgumentRenamed,
    ArgumentRequired,
    FieldRenamed,
    Moved,
    Reformatted,
    Reworded,
    by_name,
    translated,
)
from bridle.harness import JSON
from bridle.trace import Tool

MARGIN = 10
"""Minutes of a window that a rollout has to leave over, where the threshold is moved."""

_BY_NAME = {tool.name: tool for tool in TOOLS}


@dataclass(frozen=True, kw_only=True)
class MarginMoved(Moved):
    """A rollout has to leave minutes of its window over, and the tools say so.

    Windows that were long enough still are, by as much; those that were not are so by less than the margin.
    """

    def tools(self, tools: Sequence[Tool]) -> tuple[Tool, ...]:
        """With the margin in the description of those that look at the window's minutes."""
        return tuple(self._described(tool) for tool in tools)

    def read(self, shown: JSON) -> JSON:
        """As if the margin were no part of a window."""
        return translated(shown, lambda key, value: (key, value - MARGIN if key == "minutes" else value))

    def _described(self, tool: Tool) -> Tool:
        if "minutes" not in tool.description or tool.effect.value == "read-only":
            return tool
        return replace(tool, description=f"{tool.description} {MARGIN} minutes of the window have to be left over.")


def _move(pipeline: Pipeline) -> None:
    for service in pipeline.books.services.values():
        needed = service.longest
        for window in service.windows:
            window.minutes = window.minutes + MARGIN if window.minutes >= needed else needed + MARGIN // 2
    pipeline.govern(needs(margin=MARGIN))


def _hours(minutes: Any) -> Any:
    return f"{minutes // 60} h {minutes % 60:02} min" if isinstance(minutes, int) else minutes


def _minutes(text: Any) -> Any:
    found = re.fullmatch(r"(-?\d+) h (\d\d) min", text) if isinstance(text, str) else None
    return int(found[1]) * 60 + int(found[2]) if found else text


def _day_first(moment: str) -> str:
    return re.sub(r"^(\d{4})-(\d\d)-(\d\d)T(.+)$", r"\3.\2.\1 \4", moment)


def _year_first(moment: str) -> str:
    return re.sub(r"^(\d\d)\.(\d\d)\.(\d{4}) (.+)$", r"\3-\2-\1T\4", moment)


MUTATIONS = by_name(
    ArgumentRenamed(
        summary="Tools take `if_revision`, no longer `expected_revision`.",
        argument="expected_revision",
        to="if_revision",
    ),
    FieldRenamed(
        summary="Releases show `record_state`, no longer `change_state`.",
        field_name="change_state",
        to="record_state",
    ),
    ArgumentRequired(
        summary="`file_change` asks for a `rollback_plan`.",
        tool="file_change",
        argument="rollback_plan",
        schema={"enum": ["automatic", "manual"]},
        value="automatic",
    ),
    StateInserted(
        summary="A signed artifact has to be cleared before its release is planned.",
        turns=2,
        tool=like(
            _BY_NAME["sign_artifact"],
            name="clear_artifact",
            description="Clear a signed artifact for release.",
        ),
        argument="artifact_id",
        after="signed",
        state="cleared",
        guarded="plan_release",
    ),
    MarginMoved(
        summary=f"A rollout has to leave {MARGIN} minutes of its window over.",
        turns=1,
        move=_move,
    ),
    Reworded(
        wording=(
            (r"^(\S+) is (\w+); (\w+) needs it (.+)\.$", r"Cannot \3: current status of \1 is '\2', expected \4."),
            (MISSING, r"Unknown \1 '\2'."),
            (UNSHOWN, r"Unread reference \1, see \2."),
            (r"^(\S+) is at revision (\d+), not (\d+); read it again\.$", r"Conflict on \1 (revision \2 ≠ \3)."),
            (r"^(\S+) has (\d+) minutes left; (\S+) needs (\d+)\.$", r"\3 exceeds \1 (\4 > \2)."),
        ),
    ),
    Reformatted(
        summary="Durations are shown as hours and minutes, times day first.",
        fields={
            "minutes": (_hours, _minutes),
            "rollout_minutes": (_hours, _minutes),
            "opens": (_day_first, _year_first),
        },
    ),
)
