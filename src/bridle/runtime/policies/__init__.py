"""Policy engines behind the port of `bridle.authorization`, and the mapping from a final call to their question.

`cedar` is embedded, `function` is a Python callable, for tests and for runs without a policy.
"""
