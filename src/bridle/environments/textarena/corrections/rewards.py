"""Corrections of what is paid: only with them is a reward a measure of skill."""

from __future__ import annotations

from bridle.environments.textarena.corrections.correction import Correction, Edit

REWARDS: tuple[Correction, ...] = (
    Correction(
        family="Bandit",
        name="regret",
        reason="Compares the final answer with the whole table of means, so that no answer is ever right, and pays the "
        "regret as reward: the worst button pays most. Corrected, an answer pays 1 less its regret, the best one 1.",
        edits=(
            Edit(
                old="if button == self.state.game_state['ground_truth']:",
                new="if self._regret(button) == 0:",
            ),
            Edit(old="reward=self._regret(button)", new="reward=1.0 - self._regret(button)"),
        ),
    ),
    Correction(
        family="Cryptarithm",
        name="history",
        reason="Passes its arguments in the wrong order, so that the history shows a number instead of the action.",
        edits=(
            Edit(
                old="self.state.add_observation(self.state.current_player_id, action, ta.ObservationType.PLAYER_ACTION)",
                new="self.state.add_observation(from_id=self.state.current_player_id, message=action, "
                "observation_type=ta.ObservationType.PLAYER_ACTION)",
            ),
        ),
    ),
    Correction(
        family="FifteenPuzzle",
        name="solvable",
        reason="Half of the shuffled boards can't be solved. Of those two tiles are exchanged.",
        edits=(
            Edit(
                old="        random.shuffle(tiles)\n",
                new="        random.shuffle(tiles)\n"
                "        order = [tile for tile in tiles if tile]\n"
                "        odd = sum(a > b for i, a in enumerate(order) for b in order[i + 1:]) + 3 - tiles.index(None) // 4\n"
                "        if odd % 2:\n"
                "            i, j = [place for place, tile in enumerate(tiles) if tile][:2]\n"
                "            tiles[i], tiles[j] = tiles[j], tiles[i]\n",
            ),
        ),
    ),
    Correction(
        family="HighSociety",
        name="net-worth",
        reason="Scores prestige alone, though the rules it states add the cash that is left.",
        edits=(
            Edit(
                old='return self.state.game_state["player_prestige"][pid]',
                new='return self.state.game_state["player_prestige"][pid] + '
                'sum(self.state.game_state["player_money"][pid])',
            ),
        ),
    ),
    Correction(
        family="LightsOut",
        name="negative-share",
        reason="With more lights on than at the start the share solved is negative, down to -24.",
        edits=(Edit(old="float(min(1.0, raw_progress))", new="float(max(0.0, min(1.0, raw_progress)))"),),
    ),
)
