"""Agents: the stochastic proposers. Simulated ones say so in their names."""
