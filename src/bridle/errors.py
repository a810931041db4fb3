"""Every failure of Bridle, by boundary.

    BridleError                       one clear sentence, with what to do next
    ├── UsageError                    the caller's input: an id, an option, a file        (exit 2)
    │   └── MissingExtra              an optional dependency is not installed
    ├── EnvironmentFault              the environment broke; never the harness's fault
    ├── ModelFault                    a model gave no usable completion
    │   └── ReplayMiss                a replay was asked for a request that it does not hold
    ├── SandboxFault                  the sandbox can't confine or can't run; fails closed
    ├── HarnessFault                  a harness can't be loaded; carries the `Failure`
    ├── JournalFault                  a journal is broken, of another version, or
    │   └── JournalBusy               another process writes it
    └── PolicyFault                   a policy engine can't be built from what it was given

Inside a rollout nothing is raised: a failure there is a `Failure`, a value with a blame, and only those that blame
the harness may lower its score.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Blame(StrEnum):
    """Whose fault a failure is. Only `HARNESS` lowers a score."""

    HARNESS = "harness"
    ENVIRONMENT = "environment"
    MODEL = "model"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong inside a rollout or a call, as data.

    `kind` is a short machine word: for harnesses `static`, `load`, `exception`, `timeout`, `cpu`, `memory`, `killed`,
    `reply`, `type`, `stateful`, `rewrite` or `changed-intent`; for the others whatever the boundary calls it. `line` is
    the line in the harness's source, where one is known.
    """

    blame: Blame
    kind: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        where = f" (line {self.line})" if self.line is not None else ""
        return f"{self.kind}{where}: {self.message}"


class BridleError(Exception):
    """Base of every error that Bridle raises on purpose. Its text is a sentence with what to do next."""


class UsageError(BridleError):
    """The caller gave something that can't be used."""


class MissingExtra(UsageError):
    """An optional dependency is needed and not installed."""

    def __init__(self, what: str, extra: str) -> None:
        """`what` needs the extra `extra`: the sentence says how to install it."""
        super().__init__(f"{what} needs an optional part of Bridle: install it with  pip install 'bridle[{extra}]'.")


class EnvironmentFault(BridleError):
    """An environment crashed or broke its contract."""


class ModelFault(BridleError):
    """A model gave no usable completion.

    `permanent` says that asking again can't help (a wrong key, an unknown model); `retry_after` is the provider's own
    request to wait, in seconds. `billable` says that the provider may bill the attempt all the same (an answer that
    can't be used, or one that never arrived); where it isn't given, whatever may pass may have been billed.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        retry_after: float | None = None,
        billable: bool | None = None,
    ) -> None:
        """Keep the sentence and what a retry and a bill have to know."""
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.billable = not permanent if billable is None else billable


class ReplayMiss(ModelFault):
    """A replay does not hold the request it was asked for."""


class SandboxFault(BridleError):
    """The sandbox can't confine, or its own machinery failed."""


class HarnessFault(BridleError):
    """A harness can't be loaded. `failure` says why, as data for the critic."""

    def __init__(self, failure: Failure) -> None:
        """Wrap the failure."""
        super().__init__(str(failure))
        self.failure = failure


class JournalFault(BridleError):
    """A journal is broken, of another version, or not there."""


class JournalBusy(JournalFault):
    """Another process is writing this journal."""


class PolicyFault(BridleError):
    """A policy engine can't be built from the policy, schema or entities it was given."""


def told(error: BaseException) -> str:
    """What an exception says; some can't even say that. For the exceptions of others' code."""
    try:
        return str(error)
    except Exception:
        return "it has no readable message"
