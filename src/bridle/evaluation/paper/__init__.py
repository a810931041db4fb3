"""The paper's protocol: sealed legality, one-player rewards, two-player results, beside the paper's own figures.

Source: AutoHarness (arXiv 2603.03329), section 4: legality over 1000 steps × 10 seeds, rewards over 20 matches,
two-player results over 40 matches with half of them in each seat.
"""
