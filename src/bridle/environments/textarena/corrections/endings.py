"""Corrections of how games end: crashes on the winning move, states without a legal action, games that never end."""

from __future__ import annotations

from bridle.environments.textarena.corrections.correction import Correction, Edit

STEP_LIMIT = 1000
ENDLESS: dict[str, str] = {
    "HighSociety": "Two equal bids are given back and the card is auctioned again, without end.",
    "LiarsDice": "A bid may be any number, so that bids can rise for ever.",
    "RushHour": "Has no turn limit: a car can go back and forth.",
    "SpiteAndMalice": "[draw] is always accepted and never ends a turn.",
    "Stratego": "Has no turn limit: a piece can go back and forth.",
    "Tak": "Has no turn limit: a stone can go back and forth.",
}
"""Families with nothing that ends them. Corrected, the adapter truncates an episode after `STEP_LIMIT` steps: as long as
a whole training rollout of the paper. Not an edit, so it is listed here with its reason."""

ENDINGS: tuple[Correction, ...] = (
    Correction(
        family="Breakthrough",
        name="no-move",
        reason="Does not end when a player has no move left; that player has nothing legal to send.",
        edits=(
            Edit(
                old='            self.state.set_winner(player_id=0, reason="All Black pieces captured."); return\n',
                new='            self.state.set_winner(player_id=0, reason="All Black pieces captured."); return\n'
                "        for player in (0, 1):\n"
                "            if not self._can_move(player):\n"
                '                self.state.set_winner(player_id=1 - player, reason=f"Player {player} has no move left.")\n'
                "                return\n",
            ),
        ),
        helper='''
    def _can_move(self, player):
        """Whether any piece of the player can step forward or capture."""
        board, size = self.state.game_state["board"], self.board_size
        own, enemy, ahead = ("W", "B", 1) if player == 0 else ("B", "W", -1)
        for row in range(size):
            if not 0 <= row + ahead < size:
                continue
            for col in range(size):
                if board[row][col] == own:
                    if board[row + ahead][col] == "":
                        return True
                    if any(0 <= c < size and board[row + ahead][c] == enemy for c in (col - 1, col + 1)):
                        return True
        return False
''',
    ),
    Correction(
        family="Checkers",
        name="no-move",
        reason="Looks only at the mover for a player without moves, and ends the game by a method that takes no such "
        "argument and uses an attribute that is not there.",
        edits=(
            Edit(
                old="        if not self._has_legal_move(self.state.current_player_id): # The other player wins\n"
                "            self.state.set_winners(",
                new="        if self.state.made_invalid_move: return\n"
                "        if not self._has_legal_move(1 - self.state.current_player_id):\n"
                "            self.state.set_winner(player_id=self.state.current_player_id, "
                'reason=f"Player {1 - self.state.current_player_id} has no moves left."); return\n'
                "        if not self._has_legal_move(self.state.current_player_id):\n"
                "            self.state.set_winner(",
            ),
        ),
    ),
    Correction(
        family="FifteenPuzzle",
        name="winning-move",
        reason="The winning move calls a method that the game's state does not have.",
        edits=(
            Edit(
                old="self.state.set_winners(player_ids=[player_id], reason=reason)",
                new="self.state.set_outcome(reward=1.0, reason=reason)",
            ),
        ),
    ),
    Correction(
        family="LinesOfAction",
        name="no-move",
        reason="Does not end when a player has no move left; that player has nothing legal to send.",
        edits=(
            Edit(
                old='        elif self.state.game_state["halfmove_clock"] >= 60: ',
                new="        elif not self._can_move(enemy, side):\n"
                '            self.state.set_winner(self.state.current_player_id, reason="The opponent has no move left.")\n'
                '        elif self.state.game_state["halfmove_clock"] >= 60: ',
            ),
        ),
        helper='''
    def _can_move(self, side, enemy):
        """Whether any piece of the side can move: by a line's count, over its own pieces, not onto one."""
        board, size = self.state.game_state["board"], self.BOARD_N
        for row in range(size):
            for col in range(size):
                if board[row][col] != side:
                    continue
                for dr, dc in ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1)):
                    far = self._count_pieces_on_line(row, col, dr, dc)
                    to_row, to_col = row + far * dr, col + far * dc
                    if not (0 <= to_row < size and 0 <= to_col < size) or board[to_row][to_col] == side:
                        continue
                    if all(board[row + k * dr][col + k * dc] != enemy for k in range(1, far)):
                        return True
        return False
''',
    ),
    Correction(
        family="Poker",
        name="last-player",
        reason="When an error eliminates a player and only one is left, the game deals on to the eliminated one.",
        edits=(
            Edit(
                old="            self._eliminate_busted_players()\n            self._reset_round(force=True)\n",
                new="            self._eliminate_busted_players()\n"
                "            if len(alive) <= 1: self.determine_winner()\n"
                "            else: self._reset_round(force=True)\n",
            ),
        ),
    ),
    Correction(
        family="QuantumTicTacToe",
        name="collapse-and-draw",
        reason="Leaves marks in superposition with a square that is solid, against its own rules, and does not end when "
        "fewer than two squares are free, where no action is legal.",
        edits=(
            Edit(
                old="        # Check for a win\n        for pid in range(2):\n",
                new="        self._settle()\n        for pid in range(2):\n",
            ),
            Edit(
                old="            if self._check_winner(symbol): self.state.set_winner(player_id=pid, "
                'reason=f"Player {pid} wins with solidified marks!")\n',
                new="            if self._check_winner(symbol): self.state.set_winner(player_id=pid, "
                'reason=f"Player {pid} wins with solidified marks!")\n'
                "        if not self.state.done and all(cell for row in board for cell in row):\n"
                '            self.state.set_draw(reason="The game is a draw!")\n',
            ),
        ),
        helper='''
    def _settle(self):
        """Marks that depend on a solid square collapse to their other one; a last free square is the next player's."""
        board, marks = self.state.game_state["board"], self.state.game_state["superpositions"]
        changed = True
        while changed:
            changed = False
            for move_id, (player, a, b) in list(marks.items()):
                if board[a[0]][a[1]] or board[b[0]][b[1]]:
                    del marks[move_id]
                    changed = True
                    for row, col in (a, b):
                        if not board[row][col]:
                            self._solidify(row, col, "X" if player == 1 else "O")
        free = [(r, c) for r in range(3) for c in range(3) if not board[r][c]]
        if len(free) == 1:
            self._solidify(*free[0], "X" if self.state.current_player_id == 0 else "O")

    def _solidify(self, row, col, symbol):
        self.state.game_state["board"][row][col] = symbol
        self.state.add_observation(message=f"Superposition resolved. Cell ({row}, {col}) is now {symbol}.", observation_type=ta.ObservationType.GAME_MESSAGE)
''',
    ),
    Correction(
        family="Santorini",
        name="eliminated",
        reason="A player eliminated by too many errors is asked again and again.",
        edits=(
            Edit(
                old="            return self.state.step()  # Return early if move was invalid",
                new="            if player_id in self.state.elimination_order:\n"
                "                alive = [p for p in range(self.state.num_players) if p not in self.state.elimination_order]\n"
                "                if len(alive) == 1:\n"
                "                    self.state.set_winners(player_ids=alive, "
                'reason=f"Player {player_id} made too many invalid moves.")\n'
                "            return self.state.step()",
            ),
        ),
    ),
    Correction(
        family="SpiteAndMalice",
        name="stuck-turn",
        reason="With the stock exhausted, a player without cards in hand and without a play can't end its turn.",
        edits=(
            Edit(
                old='                    message=f"Player {player_id} drew cards."\n',
                new="                    if not self.deck and not self.players[player_id]['hand'] and not "
                "self._player_has_valid_moves(player_id):\n"
                "                        rotate_player = True\n"
                "                        self.state.game_state['player_turn'] = 1 - player_id\n"
                '                    message=f"Player {player_id} drew cards."\n',
            ),
        ),
    ),
    Correction(
        family="Stratego",
        name="defused-bomb",
        reason="A defused bomb stays on its owner's list: when its square becomes empty, the game raises TypeError.",
        edits=(
            Edit(
                old="                            self.player_pieces[player_id].append((dest_row, dest_col))\n\n"
                "                            ## add the observation to both players separately\n"
                '                            message=f"You have moved your piece from {source} to {dest}. The '
                "attacking piece was {attacking_piece['rank']} and the destination piece was "
                "{target_piece['rank']}. As miners",
                new="                            self.player_pieces[player_id].append((dest_row, dest_col))\n"
                "                            self.player_pieces[1 - player_id].remove((dest_row, dest_col))\n"
                '                            message=f"You have moved your piece from {source} to {dest}. The '
                "attacking piece was {attacking_piece['rank']} and the destination piece was "
                "{target_piece['rank']}. As miners",
            ),
        ),
    ),
    Correction(
        family="Stratego",
        name="no-move",
        reason="Player 0's win is taken for no winner (0 is false), and a player whose pieces are all blocked has "
        "nothing legal to send.",
        edits=(
            Edit(
                old="        if self._check_winner():\n"
                '            reason=f"Player {self._check_winner()} wins! Player {1 - self._check_winner()} has no more '
                'movable pieces."\n'
                "            self.state.set_winner(player_id=self._check_winner(), reason=reason)\n",
                new="        if not self.state.done and not self.state.made_invalid_move:\n"
                "            loser = next((p for p in (1 - player_id, player_id) if not self._can_move(p)), None)\n"
                "            if loser is not None:\n"
                '                reason = f"Player {1 - loser} wins! Player {loser} has no more movable pieces."\n'
                "                self.state.set_winner(player_id=1 - loser, reason=reason)\n",
            ),
        ),
        helper='''
    def _can_move(self, player):
        """Whether any piece of the player can step to a square that is free or the enemy's."""
        for row in range(10):
            for col in range(10):
                piece = self.board[row][col]
                if not isinstance(piece, dict) or piece["player"] != player or piece["rank"] in ("Bomb", "Flag"):
                    continue
                for r, c in ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)):
                    if 0 <= r < 10 and 0 <= c < 10:
                        target = self.board[r][c]
                        if target is None or (isinstance(target, dict) and target["player"] != player):
                            return True
        return False
''',
    ),
    Correction(
        family="Tak",
        name="winning-move",
        reason="The winning move passes an argument that the method does not have.",
        edits=(Edit(old="set_winner( player_ids=", new="set_winner(player_id="),),
    ),
    Correction(
        family="Tak",
        name="no-move",
        reason="Does not end when a player can neither place nor move; that player has nothing legal to send. As in Tak, "
        "more flat stones on top then win.",
        edits=(
            Edit(
                old="        result = self.state.step()\n        self._observe_current_state()\n",
                new="        elif not self.state.made_invalid_move and not self._can_act(1 - self.state.current_player_id):\n"
                "            self._end_by_flats()\n\n"
                "        result = self.state.step()\n        self._observe_current_state()\n",
            ),
        ),
        helper='''
    def _can_act(self, player):
        """Whether the player can place a piece, or move one to a square beside it."""
        size, board = self.board_size, self.board
        if sum(self.players[player].values()) and any(not stack for row in board for stack in row):
            return True
        for row in range(size):
            for col in range(size):
                if board[row][col] and board[row][col][-1][-1] == str(player):
                    for r, c in ((row - 1, col), (row + 1, col), (row, col - 1), (row, col + 1)):
                        if 0 <= r < size and 0 <= c < size:
                            top = board[r][c][-1][0] if board[r][c] else "F"
                            if top == "F" or (top == "W" and board[row][col][-1][0] == "C"):
                                return True
        return False

    def _end_by_flats(self):
        tops = [stack[-1] for row in self.board for stack in row if stack]
        flats = [sum(top[0] == "F" and top[-1] == str(player) for top in tops) for player in (0, 1)]
        reason = f"No move is left. Flat stones on top: {flats[0]} to {flats[1]}."
        if flats[0] == flats[1]:
            self.state.set_draw(reason=reason)
        else:
            self.state.set_winner(player_id=int(flats[1] > flats[0]), reason=reason)
''',
    ),
    Correction(
        family="UltimateTicTacToe",
        name="draw",
        reason="A mini-board that is full without a winner keeps the game going for ever, with nothing legal to send.",
        edits=(
            Edit(
                old="        if any(cell == ' ' for row in self.state.game_state['macro_board'] for cell in row): return False",
                new="        gs = self.state.game_state\n"
                "        for index, board in enumerate(gs['board']):\n"
                "            if gs['macro_board'][index // 3][index % 3] == ' ' and not self._board_is_full(board): "
                "return False",
            ),
        ),
    ),
)
