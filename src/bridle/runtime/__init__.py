"""The runtime: modes, the guard's four layers, and the policy engines.

    agent proposes → harness reviews (sandboxed) → policy engine decides on the final call → environment executes

`modes` (text actions) and `call_modes` (tool calls) are generators of `effects` that do no input or output; the
lockstep rollout and the `guard` both drive them. `gate` is the only way to a tool: it executes what has a permit for
exactly that call. Nothing here loads a provider's SDK, a game library or the synthesis.
"""
