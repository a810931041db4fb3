"""Corrections of what is legal: outcomes reported as invalid moves, free passes, crashes on a badly chosen action."""

from __future__ import annotations

from bridle.environments.textarena.corrections.correction import Correction, Edit

LEGALITY: tuple[Correction, ...] = (
    Correction(
        family="Chess",
        name="null-move",
        reason="A move from a square to itself, such as [e2e2], raises out of the game instead of being refused.",
        edits=(
            Edit(
                old="            move = chess.Move.from_uci(move_uci) # Attempt to make the move\n",
                new="            try: move = chess.Move.from_uci(move_uci)\n"
                "            except ValueError: self.state.set_invalid_move(reason='Illegal move.'); return\n",
            ),
        ),
    ),
    Correction(
        family="Minesweeper",
        name="mine-is-an-outcome",
        reason="Hitting a mine is reported as an invalid move, and the first one is forgiven. Where the mines are is "
        "what the game is about: the cell can be chosen, and choosing it ends the game with the share uncovered.",
        edits=(
            Edit(
                old='self.state.set_invalid_move(reward=pct_complete, reason=f"You hit a mine',
                new='self.state.set_outcome(reward=pct_complete, reason=f"You hit a mine',
            ),
        ),
    ),
    Correction(
        family="Othello",
        name="pass",
        reason="A player without a move has to send something, and whatever it sends is accepted. Now the turn passes "
        "by itself.",
        edits=(
            Edit(
                old="        if self._game_over(): self._declare_winner()\n"
                '        else: self.state.game_state["valid_moves"] = next_valid\n',
                new="        if self._game_over(): self._declare_winner()\n"
                "        elif not next_valid:\n"
                '            self.state.add_observation(message=f"Player {1 - pid} has no valid moves and is passed '
                'over.", observation_type=ta.ObservationType.GAME_MESSAGE)\n'
                '            self.state.game_state["valid_moves"] = self._valid_moves(piece)\n'
                "            return self.state.step(rotate_player=False)\n",
            ),
        ),
    ),
    Correction(
        family="Poker",
        name="check-facing-a-bet",
        reason="A check that faces a bet is refused without the game's own handling of errors: the second one "
        "eliminates the player and then asks it again.",
        edits=(
            Edit(
                old='self.state.set_invalid_move(reason="Cannot check facing a bet."); return',
                new='self._handle_invalid(reason="Cannot check facing a bet."); return',
            ),
        ),
    ),
    Correction(
        family="Stratego",
        name="lake-as-source",
        reason="Naming a lake as the piece to move raises TypeError instead of being refused.",
        edits=(
            Edit(
                old="if self.board[src_row][src_col] is None or self.board[src_row][src_col]['player'] != player_id:",
                new="if not isinstance(self.board[src_row][src_col], dict) or "
                "self.board[src_row][src_col]['player'] != player_id:",
            ),
        ),
    ),
)

ATOMIC: dict[str, str] = {
    "TowerOfHanoi": "Several moves in one text are taken one by one: when a later one is refused, the earlier ones "
    "stay done.",
    "SpiteAndMalice": "Several plays in one text are taken one by one: when a later one is refused, the earlier ones "
    "stay done.",
}
"""Families whose refused texts may have changed the game. Corrected, such a text is refused as a whole: the adapter
puts the game back to where it was. Not an edit, so it is listed here with its reason."""
