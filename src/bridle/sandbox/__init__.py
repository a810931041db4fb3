"""The sandbox: generated code runs in confined processes, or not at all.

What it does *not* cover:

- Side channels (timing, caches, speculative execution) between a worker and other processes of the machine.
- A bug in the kernel's seccomp, Landlock or memory management, or in the CPU.
- State that a harness keeps between calls: the kernel can't see it; `audit` looks for it in a sample.
- Wrong answers. A harness may answer anything that is well-formed; what its answers are worth is measured elsewhere.
- The clock where the kernel hands it out without a system call (the vDSO): forbidden by the gate, looked for by the
  audit, not stopped.
- Load: a worker may use the CPU and the memory that its limits grant, and its neighbours on that CPU feel it.
- The environment and the agent: they run in the parent, trusted.
- macOS and aarch64: written, never run here. macOS is degraded: its sandbox denies, but memory is only polled.
"""

from bridle.sandbox.level import Level
from bridle.sandbox.loaded import LocalLoaded, PipelinedLoaded
from bridle.sandbox.local import LocalSandbox, probe_level

__all__ = ["Level", "LocalLoaded", "LocalSandbox", "PipelinedLoaded", "probe_level"]
