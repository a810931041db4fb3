"""The plots of an evaluation, as inline SVG: nothing is fetched, and the page's own colours are used.

Conditions keep one colour and one mark throughout: a circle for the first agent, a square for others, a diamond for a
harness alone. Every plot comes with the legend of the page, and each mark tells its figures when pointed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

WIDTH, HEIGHT = 600, 380
LEFT, RIGHT, TOP, BOTTOM = 58, 26, 18, 52
COLOURS = 9
"""Colours that the page's style has, `c0` and on."""


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How a condition is drawn: its number in the legend, its colour's class, and its shape."""

    number: int
    name: str
    colour: str
    shape: str


def marks(conditions: Mapping[str, Mapping[str, Any]]) -> dict[str, Mark]:
    """A mark for each condition, in their order."""
    first = next(iter(conditions.values()))["agent"] if conditions else ""
    found = {}
    for place, (name, condition) in enumerate(conditions.items()):
        shape = "circle" if condition["agent"] == first else "square"
        shape = "diamond" if condition["manner"] == "alone" else shape
        found[name] = Mark(number=place + 1, name=name, colour=f"c{place % COLOURS}", shape=shape)
    return found


@dataclass(frozen=True, kw_only=True)
class Axis:
    """A range of numbers on a stretch of pixels, with its ticks."""

    low: float
    high: float
    begin: float
    end: float
    ticks: tuple[float, ...]
    title: str

    def at(self, value: float) -> float:
        """The pixel of a value; what lies outside is drawn at the edge."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def scatter(
    points: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]], drawn: Mapping[str, Mark], x: Axis, y: Axis
) -> Markup:
    """Two figures of each condition against each other, with both intervals. A number stands beside each mark."""
    parts = [_frame(x, y)]
    labels = _spread([(y.at(b["value"]), name) for name, (_, b) in points.items()])
    places = _apart({name: (x.at(a["value"]), y.at(b["value"])) for name, (a, b) in points.items()})
    for name, (a, b) in points.items():
        mark, (px, py) = drawn[name], places[name]
        bar = Markup('<line class="bar {}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
        parts.append(bar.format(mark.colour, x.at(a["low"]), py, x.at(a["high"]), py))
        parts.append(bar.format(mark.colour, px, y.at(b["low"]), px, y.at(b["high"])))
    for name, (a, b) in points.items():
        mark, (px, py) = drawn[name], places[name]
        beside = px + 46 if px + 60 < x.end else px - 46
        lead = Markup('<line class="lead" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>')
        parts.append(lead.format(px, py, beside, labels[name]))
        parts.append(_number(mark, beside + (7 if beside > px else -7), labels[name]))
        parts.append(_mark(mark, px, py, f"{name}: {x.title} {shown(a)}; {y.title} {shown(b)}"))
    return _svg(parts, WIDTH, HEIGHT, f"{y.title} against {x.title}")


def funnel(lost: Mapping[str, Sequence[Mapping[str, Any]]], drawn: Mapping[str, Mark]) -> Markup:
    """The share of episodes that can still succeed, after each step; it ends at completion."""
    last = max((step["step"] for steps in lost.values() for step in steps), default=1) or 1
    x = across(0, last, _whole(last), "step of the episode at which the first setback came")
    lowest = min((1 - sum(step["share"] for step in steps) for steps in lost.values()), default=0.0)
    y = upright("episodes not lost yet", lowest)
    parts = [_frame(x, y)]
    ends: list[tuple[float, str]] = []
    for name, steps in lost.items():
        left, line = 1.0, [(x.at(0), y.at(1.0))]
        for step in sorted(steps, key=lambda one: one["step"] or last + 1):
            here = step["step"] or last
            line.append((x.at(here), y.at(left)))
            left -= step["share"]
            line.append((x.at(here), y.at(left)))
        line.append((x.end, y.at(left)))
        points = " ".join(f"{px:.1f},{py:.1f}" for px, py in line)
        told = Markup("<title>{}: {:.3f} left</title>").format(name, left)
        parts.append(
            Markup('<polyline class="curve {}" points="{}">{}</polyline>').format(drawn[name].colour, points, told)
        )
        ends.append((y.at(left), name))
    for name, py in _spread(ends).items():
        parts.append(_number(drawn[name], x.end + 16, py))
    return _svg(parts, WIDTH + 12, HEIGHT, "Success lost at each step")


def differences(templates: Mapping[str, Mapping[str, float]], drawn: Mapping[str, Mark]) -> Markup:
    """For each template of scenarios, how much oftener each condition completes it than its agent alone does.

    One column a condition; the deeper the colour, the larger the difference.
    """
    names = sorted({name for of in templates.values() for name in of})
    row, left, head = 17, 214, 34
    wide = (WIDTH - left - 8) / max(1, len(templates))
    parts: list[Markup] = []
    for column, condition in enumerate(templates):
        middle = left + wide * (column + 0.5)
        parts += [_mark(drawn[condition], middle - 10, 16, condition), _number(drawn[condition], middle + 8, 16)]
    for place, name in enumerate(names):
        py = head + row * place
        parts.append(_text(left - 10, py + 12.5, name, "end"))
        for column, (condition, of) in enumerate(templates.items()):
            if name in of:
                px = left + wide * column
                parts.append(_cell(px, py, wide, row, of[name], f"{name}, {condition}: {of[name]:+.2f}"))
    return _svg(parts, WIDTH, head + row * len(names) + 6, "Differences per template of scenarios")


def upright(title: str, lowest: float = 0.0) -> Axis:
    """A vertical axis for shares, from a tick below the lowest one to 1."""
    first = min(4, max(0, int(lowest * 5 - 0.25)))
    ticks = tuple(tick / 5 for tick in range(first, 6))
    return Axis(low=ticks[0], high=1.0, begin=HEIGHT - BOTTOM, end=TOP, ticks=ticks, title=title)


def across(low: float, high: float, ticks: Iterable[float], title: str) -> Axis:
    """A horizontal axis."""
    return Axis(low=low, high=high, begin=LEFT, end=WIDTH - RIGHT, ticks=tuple(ticks), title=title)


def amounts(lowest: float, highest: float, title: str) -> Axis:
    """A horizontal axis between round numbers around some amounts."""
    step = _step((highest - lowest) or highest or 1.0)
    first, last = max(0, int(lowest / step) - 1), int(highest / step) + 1
    return across(first * step, last * step, [step * place for place in range(first, last + 1)], title)


def shown(figure: Mapping[str, float]) -> str:
    """A figure with its interval and n."""
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}] n={figure['n']:.0f}"


def key(mark: Mark) -> Markup:
    """The mark alone, for the legend."""
    return Markup('<svg class="key" width="34" height="18" aria-hidden="true">{}{}</svg>').format(
        _mark(mark, 9, 9, mark.name), _number(mark, 26, 9)
    )


def _step(highest: float) -> float:
    """1, 2 or 5 times a power of ten, such that at most eight of them reach."""
    size = 10.0**-9
    while True:
        for factor in (1, 2, 5):
            if highest / (size * factor) < 8:
                return size * factor
        size *= 10


def _whole(last: int) -> list[float]:
    step = max(1, -(-last // 12))
    return [float(tick) for tick in range(0, last + 1, step)]


def _spread(places: Sequence[tuple[float, str]], apart: float = 17.0) -> dict[str, float]:
    """Labels moved apart vertically, near where they belong and within the plot."""
    ordered = sorted(places)
    ys: list[float] = []
    for y, _ in ordered:
        ys.append(max(y, ys[-1] + apart) if ys else y)
    over = ys[-1] - (HEIGHT - BOTTOM - 4) if ys else 0.0
    if over > 0:
        ys[-1] -= over
        for place in range(len(ys) - 2, -1, -1):
            ys[place] = min(ys[place], ys[place + 1] - apart)
    return {name: y for y, (_, name) in zip(ys, ordered, strict=True)}


def _apart(places: Mapping[str, tuple[float, float]], least: float = 13.0) -> dict[str, tuple[float, float]]:
    """Marks that would cover each other, moved to the right of those before them; at the right edge, to the left."""
    found: dict[str, tuple[float, float]] = {}
    for name, (x, y) in places.items():
        step = least if x < WIDTH / 2 else -least
        while any(abs(x - other) < least and abs(y - height) < least for other, height in found.values()):
            x += step
        found[name] = (x, y)
    return found


def _frame(x: Axis, y: Axis) -> Markup:
    parts = []
    for tick in y.ticks:
        line = Markup('<line class="grid" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>')
        parts.append(line.format(x.begin, y.at(tick), x.end, y.at(tick)))
        parts.append(_text(x.begin - 8, y.at(tick) + 4, f"{tick:g}", "end"))
    for tick in x.ticks:
        line = Markup('<line class="grid" x1="{:.1f}" y1="{}" x2="{:.1f}" y2="{}"/>')
        parts.append(line.format(x.at(tick), y.begin, x.at(tick), y.end))
        parts.append(_text(x.at(tick), y.begin + 18, f"{tick:g}", "middle"))
    parts.append(_text((x.begin + x.end) / 2, y.begin + 40, x.title, "middle"))
    turned = Markup('<text class="title" transform="translate({},{:.1f}) rotate(-90)" text-anchor="middle">{}</text>')
    parts.append(turned.format(16, (y.begin + y.end) / 2, y.title))
    return Markup("").join(parts)


def _cell(x: float, y: float, wide: float, high: float, value: float, told: str) -> Markup:
    """One difference: its number on its colour."""
    colour = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" opacity="{:.2f}"/>')
    kind = "more" if value > 0 else "less"
    shade = colour.format(kind, x + 1, y + 1, wide - 2, high - 2, min(1.0, abs(value)) * 0.75)
    number = _text(x + wide / 2, y + 12.5, f"{value:+.2f}" if value else "0", "middle")
    return Markup("<g>{}{}<title>{}</title></g>").format(shade, number, told)


def _mark(mark: Mark, x: float, y: float, told: str, size: float = 6.5) -> Markup:
    title = Markup("<title>{}</title>").format(told)
    if mark.shape == "circle":
        shape = Markup('<circle class="mark {}" cx="{:.1f}" cy="{:.1f}" r="{}">{}</circle>')
        return shape.format(mark.colour, x, y, size, title)
    turn = Markup(' transform="rotate(45 {:.1f} {:.1f})"').format(x, y) if mark.shape == "diamond" else Markup("")
    side = size * 1.8
    shape = Markup('<rect class="mark {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"{}>{}</rect>')
    return shape.format(mark.colour, x - side / 2, y - side / 2, side, side, turn, title)


def _number(mark: Mark, x: float, y: float) -> Markup:
    return Markup('<text class="number {}" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>').format(
        mark.colour, x, y + 4.5, mark.number
    )


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(x, y, anchor, text)


def _svg(parts: Sequence[Markup], width: float, height: float, label: str) -> Markup:
    body = Markup("").join(parts)
    head = Markup('<svg class="plot" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
    return head.format(width, height, escape(label), body)
