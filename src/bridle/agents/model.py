"""A model as the agent: for games and for tool calls, through the model port.

The prompt holds what the agent of that moment may see, and nothing of the harness but its refusals and choices.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from string import Template
from typing import Any

from bridle.environment import Observation
from bridle.harness import Action, Contract
from bridle.models.model import Completion, Model, Request
from bridle.runtime.effects import Proposal, Refusal

_ANSWER = re.compile(r"^\s*(?:\*\*)?action(?:\*\*)?\s*:\s*(?:\*\*)?\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)```", re.DOTALL)

ANSWER_TOKENS = 4000
"""The most that an answer may have: an agent may think before it acts."""

PARTIAL = (
    "These calls seem applicable now. Where one of them is what the task needs next, choose it exactly as written; the "
    "list may lack it, and then state your own:"
)
"""What a model is told of a filter's choices of tool calls."""

CONFIDENCE = """
State in the same object, as "confidence", how sure you are that this call is right: a number from 0 to 1.
"""
"""What a model is told besides, where it is asked for its confidence in a tool call."""


class ModelAgent:
    """Asks a model for each action. `completions` are its answers so far, for whoever counts calls, tokens, money."""

    def __init__(self, model: Model, contract: Contract, *, sample: int = 0) -> None:
        """`sample` tells apart episodes whose prompts may be the same."""
        self.name = model.name
        self.completions: list[Completion] = []
        self._model, self._sample = model, sample
        self._text = contract.name == "text-action"
        page = "text-action.md" if self._text else "tool-call.md"
        self._page = Template(files("bridle.agents.prompts").joinpath(page).read_text(encoding="utf-8"))

    def propose(
        self, observation: Observation, refusals: Sequence[Refusal] = (), choices: Sequence[Action] = ()
    ) -> Action:
        """The model's action: what its answer says it is, however malformed. Whether it applies is others' to say.

        Raises:
            ModelFault: there was no usable completion.
        """
        answer = self._asked(observation, refusals, choices)
        return stated_text(answer) if self._text else stated_call(answer)

    def propose_with_confidence(
        self, observation: Observation, refusals: Sequence[Refusal] = (), choices: Sequence[Action] = ()
    ) -> Proposal:
        """The model's call with its own confidence, for which it is asked, too; None where it states none.

        For `Guard.turn` under a conduct that asks a person below a `confidence`. Raises as `propose` does.
        """
        answer = self._asked(observation, refusals, choices, CONFIDENCE)
        call = stated_call(answer)
        if not isinstance(call, dict) or "confidence" not in call:
            return Proposal(call)
        confidence = call.pop("confidence")
        return Proposal(call, confidence)

    def _asked(
        self, observation: Observation, refusals: Sequence[Refusal], choices: Sequence[Action], more: str = ""
    ) -> str:
        """The model's answer to the page, with `more` at its end."""
        view = observation.view if self._text else json.dumps(observation.view, ensure_ascii=False, indent=1)
        prompt = self._page.substitute(
            player=observation.player, view=_marked(view), refusals=_refused(refusals), choices=self._listed(choices)
        )
        prompt += more
        request = Request(prompt=prompt, sample=self._sample, max_output_tokens=ANSWER_TOKENS)
        completion = self._model.complete(request)
        self.completions.append(completion)
        return completion.text

    def _listed(self, choices: Sequence[Action]) -> str:
        """The choices. Nobody can list the amounts and sentences of tool calls: there the right one may be missing."""
        if not choices:
            return ""
        listed = "\n".join(f"- {_shown(choice)}" for choice in choices)
        if self._text:
            return f"\nChoose the best of these, exactly as written:\n{listed}\n"
        return f"\n{PARTIAL}\n{listed}\n"


def stated_text(answer: str) -> str:
    """The action that an answer states last after `Action:`; without any, its last line that isn't empty."""
    stated = _ANSWER.findall(answer)
    if stated:
        return str(stated[-1]).strip("`").removesuffix("**").strip()
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def stated_call(answer: str) -> Any:
    """The tool call that an answer states: its last fenced block, or all of it, as JSON; else the text as it is."""
    for text in (*reversed(_FENCED.findall(answer)), answer[answer.find("{") : answer.rfind("}") + 1]):
        try:
            call = json.loads(text)
        except ValueError:
            continue
        if isinstance(call, dict):
            return call
    return answer.strip()


def _marked(text: str) -> str:
    """The text between markers that it can't close."""
    marker = "~" * max(5, 1 + max((len(run) for run in re.findall(r"~+", text)), default=0))
    return f"{marker}\n{text}\n{marker}"


def _refused(refusals: Sequence[Refusal]) -> str:
    if not refusals:
        return ""
    told = "\n".join(f"- {_shown(refusal.action)}: {refusal.reason}" for refusal in refusals)
    return f"\nThese were not executed. Do not repeat them:\n{told}\n"


def _shown(action: Action) -> str:
    return action if isinstance(action, str) else json.dumps(action, ensure_ascii=False)
