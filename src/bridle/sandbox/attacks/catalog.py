"""Every attack, in the order in which they are carried out."""

from __future__ import annotations

from bridle.sandbox.attacks.families import (
    answers,
    arrays,
    bombs,
    conduct,
    exhaustion,
    files,
    forging,
    memory,
    network,
    privilege,
    processes,
    stalls,
    state,
)

ATTACKS = (
    *files.ATTACKS,
    *network.ATTACKS,
    *processes.ATTACKS,
    *memory.ATTACKS,
    *exhaustion.ATTACKS,
    *privilege.ATTACKS,
    *forging.ATTACKS,
    *answers.ATTACKS,
    *bombs.ATTACKS,
    *stalls.ATTACKS,
    *arrays.ATTACKS,
    *state.ATTACKS,
    *conduct.ATTACKS,
)
