"""Every attack, in the order in which they are carried out."""

from __future__ import annotations

from bridle.sandbox.attacks.families import files, network, processes

ATTACKS = (*files.ATTACKS, *network.ATTACKS, *processes.ATTACKS)
