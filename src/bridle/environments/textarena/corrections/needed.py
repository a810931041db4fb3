"""What some games need in order to run at all: applied under `corrections=none` too."""

from __future__ import annotations

from bridle.environments.textarena.corrections.correction import Correction, Edit


def _nested_quotes(family: str, *edits: Edit) -> Correction:
    reason = "Nests the same quotes inside an f-string, a syntax error before Python 3.12."
    return Correction(family=family, name="nested-quotes", reason=reason, edits=edits, needed=True)


NEEDED: tuple[Correction, ...] = (
    _nested_quotes(
        "Chess",
        Edit(
            old="""for move in self.state.game_state["board"].legal_moves])}\"#""",
            new="""for move in self.state.game_state['board'].legal_moves])}\"#""",
        ),
    ),
    _nested_quotes(
        "Checkers",
        Edit(
            old="""{self.state.game_state["board"][row][col]} \"""",
            new="""{self.state.game_state['board'][row][col]} \"""",
        ),
    ),
    _nested_quotes(
        "ReverseTicTacToe",
        Edit(
            old="""f" {self.state.game_state["board"][r][c]} " if self.state.game_state["board"][r][c] else""",
            new="""f" {self.state.game_state['board'][r][c]} " if self.state.game_state['board'][r][c] else""",
        ),
    ),
    Correction(
        family="Cryptarithm",
        name="swapped-arguments",
        reason="Passes the reward as the reason of an invalid move and the reason as the reward, so that an episode "
        "that ends by one pays a sentence.",
        edits=(
            Edit(
                old="set_invalid_move(self._progress(), ",
                new="set_invalid_move(reward=self._progress(), reason=",
                times=4,
            ),
        ),
        needed=True,
    ),
    Correction(
        family="LightsOut",
        name="dark-start",
        reason="A scramble that cancels itself leaves no light on, and dealing the game divides by zero.",
        edits=(
            Edit(
                old="        self._initial_on = ",
                new="        while not any(map(any, grid)):\n"
                "            self._toggle_lights(grid, random.randint(0, self.size - 1), random.randint(0, self.size - 1))\n"
                "        self._initial_on = ",
            ),
        ),
        needed=True,
    ),
)
