"""Customer support from first contact to closed ticket: the environment `enterprise/support`."""
