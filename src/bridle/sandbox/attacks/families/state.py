"""Attacks on determinism: state kept between calls, clocks, entropy, and answers that differ when they are looked at.

The kernel can't stop these. They are contained when nothing is kept, or when the audit, which asks the same again in a
fresh process in another order, sees that something is.
"""

from __future__ import annotations

from bridle.sandbox.attacks.attack import Attack, Attempt, Family, Trigger
from bridle.sandbox.attacks.sources import text
from bridle.sandbox.attacks.triggers import BATCH, OFTEN

KEPT = "KEPT"
"""What an attack answers, with what it remembers, when it remembers something."""


def unseen(attempt: Attempt) -> str | None:
    """State that the audit did not see."""
    if attempt.audited is not None:
        return None
    kept = [answer.reply.value for answer in attempt.answers if KEPT in str(answer.reply.value)]
    return f"kept state that the audit did not see: {kept[-1]}" if kept else None


def _attack(name: str, body: str, *, trigger: Trigger = OFTEN, numpy: bool = False) -> Attack:
    source = text(body)
    if numpy:
        source = source.replace("import json\n", "import json\nimport numpy\nimport numpy.random\n", 1)
    elif "random." in body:
        source = source.replace("import json\n", "import json\nimport random\n", 1)
    return Attack(
        name=name,
        family=Family.STATE,
        source=source,
        trigger=trigger,
        oracle=unseen,
        audited=True,
        numpy=numpy,
    )


ATTACKS = (
    _attack(
        "a-default-argument",
        """
def attack(bait, calls=[]):
    calls.append(1)
    return "KEPT %d" % len(calls)
""",
    ),
    _attack(
        "a-module's-attribute",
        """
def attack(bait):
    re.calls = getattr(re, "calls", 0) + 1
    return "KEPT %d" % re.calls
""",
    ),
    _attack(
        "a-cache-of-the-library",
        """
def attack(bait):
    cache = pick("_" + "cache")(re)
    re.compile("x" * (len(cache) + 1))
    return "KEPT %d" % len(cache)
""",
    ),
    _attack(
        "a-setting-of-the-interpreter",
        """
def attack(bait):
    sys = module("sys")
    sys.setswitchinterval(sys.getswitchinterval() + 1)
    return "KEPT %d" % sys.getswitchinterval()
""",
    ),
    _attack(
        "freed-memory",
        """
def attack(bait):
    count = len(module("gc").get_objects())
    kept = [object() for _ in range(100)]
    kept.append(kept)
    return "KEPT %d" % (count + module("sys").getallocatedblocks())
""",
    ),
    _attack(
        "the-generator's-own-state",
        """
def attack(bait):
    first = random.random()
    random.setstate(random.getstate()[:1] + (tuple(range(624)) + (1,),) + (None,))
    return "%.17f" % first
""",
    ),
    _attack(
        "a-generator-that-can't-be-seeded",
        """
def attack(bait):
    random.seed = lambda seed: None
    return told(random.random())


def told(value, before=[]):
    before.append(value)
    return "KEPT %r" % value if value != before[0] else "%r" % value
""",
    ),
    _attack(
        "the-second-gaussian",
        """
def attack(bait):
    waiting = random.getstate()[2]
    random.gauss(0, 1)
    return "none waits" if waiting is None else "KEPT %r" % waiting
""",
    ),
    _attack(
        "numpy's-own-state",
        """
def attack(bait):
    waiting = numpy.random.get_state()[3]
    numpy.random.standard_normal()
    return "none waits" if not waiting else "KEPT %r" % waiting
""",
        numpy=True,
    ),
    _attack(
        "a-numpy-generator-that-can't-be-seeded",
        """
def attack(bait):
    numpy.random.seed = lambda seed: None
    return told(float(numpy.random.random()))


def told(value, before=[]):
    before.append(value)
    return "KEPT %r" % value if value != before[0] else "%r" % value
""",
        numpy=True,
    ),
    _attack(
        "numpy's-freed-memory",
        """
def attack(bait):
    found = float(numpy.empty(7)[3])
    mark = numpy.full(7, 1.0 if found != found or found > 1e6 or found < 1 else found + 1)
    del mark
    return "KEPT %r" % found if found else "nothing"
""",
        numpy=True,
    ),
    _attack(
        "the-clock",
        """
def attack(bait):
    time = module("time")
    return "KEPT %d" % pick("time_ns")(time)()
""",
    ),
    _attack(
        "the-processor-time",
        """
def attack(bait):
    spent = pick("process_time_ns")(module("time"))()
    return "KEPT %d" % spent if spent > 0 else "no such clock"
""",
    ),
    _attack(
        "the-date",
        """
def attack(bait):
    return "KEPT %s" % pick("datetime.now")(module("datetime"))()
""",
    ),
    _attack(
        "entropy",
        """
def attack(bait):
    os = module("os")
    return tries(
        lambda: "KEPT %s" % os.urandom(8).hex(),
        lambda: "KEPT %s" % random.SystemRandom().random(),
        lambda: "KEPT %s" % ask(bait, "getrandom", bytes(8), 8, 0),
    )
""",
    ),
    _attack(
        "other-answers-to-the-audit",
        """
def attack(bait):
    back, names = pick("f_" + "back"), pick("f_" + "code")
    at, found = module("sys")._getframe(), []
    while at is not None:
        found.append(names(at).co_name)
        at = back(at)
    return "KEPT " + " ".join(found)
""",
    ),
    _attack(
        "honest-at-first",
        """
def attack(bait, calls=[]):
    calls.append(1)
    return "honest" if len(calls) < 6 else "KEPT %d" % len(calls)
""",
    ),
    _attack(
        "other-answers-within-a-batch",
        """
def attack(bait, calls=[]):
    calls.append(1)
    return "honest" if len(calls) < 15 else "KEPT %d" % len(calls)
""",
        trigger=BATCH,
    ),
)
