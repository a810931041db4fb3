"""Random workflows whose rules are known: names, structure and rules are drawn from a seed, nothing is anybody's.

What a learner finds in one can be held against what is true there, class by class. Nothing of a shipped workflow's
vocabulary is in them, nor of the learner's: the true rules have a small language of their own.
"""
