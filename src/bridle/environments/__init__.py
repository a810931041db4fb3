"""Environments: adapters behind the port of `bridle.environment`, found by `bridle.environments.catalog`."""
