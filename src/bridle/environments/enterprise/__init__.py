"""Workflows behind tools: simulated systems with typed errors, exact legality, and a policy that lies beside them."""
