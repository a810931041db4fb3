"""What the rule learner finds in random workflows whose rules are known.

    python benchmarks/rules.py [--workflows 0:100] [--size 12000] [--noise 0.01] [--curve 0:12]

Precision: the share of learned rules that are right. Recall: the share of true rules that are found. Both by class, on
fresh calls of the sealed split; intervals are clustered by workflow. `--noise` is the share of records that are wrong:
applicable calls refused, with an ordinary error class and with one that befalls them, and, a quarter as often,
inapplicable calls accepted. `--curve` learns from samples of growing size and prints the table, and the
picture, of the documentation.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from bridle.evaluation.examples import telling_calls
from bridle.statistics import clustered
from bridle.synthesis.learner.book import rulebook
from bridle.synthesis.learner.example import examples
from bridle.synthesis.learner.merit import Demands
from bridle.testing.workflows.environment import RandomWorkflow
from bridle.testing.workflows.noise import Noise, recorded
from bridle.testing.workflows.scoring import Counts, Score, fresh_calls, score

SIZES = (500, 1000, 2000, 4000, 8000, 12000)
FRESH = 24_000
WIDTH, HEIGHT, LEFT, BELOW = 640, 300, 60, 40


def learned(seed: int, size: int, noise: float) -> Score:
    """The score of what is learned in one workflow, from so many judged calls."""
    environment = RandomWorkflow(seed)
    rates = Noise(refused=noise, passing=noise, accepted=noise / 4)
    rows = recorded(telling_calls(environment, "train", count=size, seed=0), environment.blueprint, rates, seed=seed)
    book = rulebook(examples(rows), Demands())
    return score(book, environment, fresh_calls(environment, count=FRESH, seed=1))


def table(scores: Sequence[Score]) -> str:
    """Precision and recall by class."""
    names = sorted({name for one in scores for name in one.by_class})
    lines = ["| class | precision | right of learned | recall | found of true |", "|---|---|---|---|---|"]
    for name in (*names, "all"):
        each = [one.total if name == "all" else one.of(name) for one in scores]
        whole = sum(each, Counts())
        lines.append(
            f"| {name} | {_rate((c.right, c.learned) for c in each)} | {whole.right} of {whole.learned} "
            f"| {_rate((c.found, c.true) for c in each)} | {whole.found} of {whole.true} |"
        )
    return "\n".join(lines)


def _rate(parts: Iterable[tuple[int, int]]) -> str:
    clusters = [(part, whole) for part, whole in parts if whole]
    if not clusters:
        return "no data"
    interval = clustered(clusters)
    value = sum(part for part, _ in clusters) / sum(whole for _, whole in clusters)
    return f"{value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def curve(seeds: range, noise: float) -> list[tuple[int, Counts]]:
    """The counts over some workflows at each size."""
    found = []
    for size in SIZES:
        whole = sum((learned(seed, size, noise).total for seed in seeds), Counts())
        found.append((size, whole))
        print(f"| {size} | {whole.precision or 0:.3f} | {whole.recall or 0:.3f} |", flush=True)
    return found


def picture(points: Sequence[tuple[int, Counts]]) -> str:
    """The curves as SVG: precision and recall over the logarithm of the sample's size."""
    step = (WIDTH - LEFT - 110) / (len(points) - 1)

    def place(number: int, share: float) -> str:
        return f"{LEFT + number * step:.0f},{20 + (1 - share) * (HEIGHT - BELOW - 20):.0f}"

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = place(0, share).split(",")
        end = place(len(points) - 1, share).split(",")[0]
        lines.append(f'<line x1="{x}" y1="{y}" x2="{end}" y2="{y}" stroke="#ddd"/>')
        lines.append(f'<text x="{LEFT - 8}" y="{int(y) + 4}" text-anchor="end">{share:.2f}</text>')
    for number, (size, _) in enumerate(points):
        x = place(number, 0).split(",")[0]
        lines.append(f'<text x="{x}" y="{HEIGHT - 20}" text-anchor="middle">{size}</text>')
    lines.append(f'<text x="{LEFT}" y="{HEIGHT - 4}">judged calls</text>')
    for name, colour, offset in (("precision", "#1f6f8b", -8), ("recall", "#c1571a", 14)):
        shares = [(counts.precision if name == "precision" else counts.recall) or 0.0 for _, counts in points]
        path = " ".join(place(number, share) for number, share in enumerate(shares))
        x, y = place(len(points) - 1, shares[-1]).split(",")
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines.append(f'<text x="{int(x) + 8}" y="{int(y) + 4 + offset // 2}" fill="{colour}">{name}</text>')
    return "\n".join([*lines, "</svg>", ""])


def kept(line: str) -> Score:
    """A score as it was kept."""
    return Score(by_class={name: Counts(**counts) for name, counts in json.loads(line).items()})


def _span(text: str) -> range:
    first, _, last = text.partition(":")
    return range(int(first), int(last))


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--workflows", type=_span, default=range(8), metavar="FIRST:LAST")
    options.add_argument("--size", type=int, default=12_000)
    options.add_argument("--noise", type=float, default=0.0)
    options.add_argument("--curve", type=_span, metavar="FIRST:LAST")
    options.add_argument("--picture", help="a file for the curves, as SVG")
    options.add_argument("--verbose", action="store_true")
    options.add_argument("--keep", help="a file that each workflow's counts are added to, as a line of JSON")
    options.add_argument("--kept", nargs="+", help="such files: print their table, learn nothing")
    given = options.parse_args()
    if given.curve:
        print("| judged calls | precision | recall |\n|---|---|---|")
        points = curve(given.curve, given.noise)
        if given.picture:
            with open(given.picture, "w", encoding="utf-8") as file:
                file.write(picture(points))
        return
    if given.kept:
        scores = [kept(line) for name in given.kept for line in Path(name).read_text("utf-8").splitlines()]
        print(f"{len(scores)} workflows\n\n{table(scores)}")
        return
    scores = []
    for seed in given.workflows:
        one = learned(seed, given.size, given.noise)
        scores.append(one)
        if given.keep:
            with open(given.keep, "a", encoding="utf-8") as file:
                file.write(json.dumps({name: vars(counts) for name, counts in one.by_class.items()}) + "\n")
        said = f"random/{seed}: precision {one.total.precision:.3f}, recall {one.total.recall:.3f}"
        untested = f"{one.untested} true and {len(one.idle)} learned rules that no fresh call tests"
        print(f"{said}, {untested}", flush=True)
        if given.verbose:
            print("\n".join([*(f"  wrong: {w}" for w in one.wrong), *(f"  missed: {m}" for m in one.missed)]))
    print(f"\n{len(scores)} workflows, {given.size} judged calls each, noise {given.noise}\n")
    print(table(scores))


if __name__ == "__main__":
    main()
