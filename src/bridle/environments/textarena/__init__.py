"""TextArena's games as environments. Importing this package loads no TextArena; making an environment does."""
