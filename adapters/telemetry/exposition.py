"""Writes metrics as text, in the exposition format of Prometheus (version 0.0.4)."""

from collections.abc import Iterable, Sequence
from typing import Final

from adapters.telemetry.families import Family, Histogram, Merge, families, read_key
from adapters.telemetry.shared_cells import SharedCells

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

Values = dict[tuple[str, ...], tuple[float, ...]]
"""By the values of labels: the numbers of a series."""

Sample = tuple[str, Sequence[tuple[str, str]], float]
"""The name of a line, its labels, its number."""


def exposed(cells: SharedCells) -> str:
    """Write what all processes keep, added up."""
    kept = merged(cells)
    return "".join(written(family, kept[family.name]) for family in families() if kept.get(family.name))


def merged(cells: SharedCells) -> dict[str, Values]:
    """Give the series of all processes together, by the names of their families."""
    known = {family.name: family for family in families()}
    found: dict[str, Values] = {}
    for _, slot in cells.used():
        is_alive = slot.is_alive
        for key, numbers in slot.series():
            name, labels = read_key(key)
            family = known.get(name)
            if family is None or (family.merge is not Merge.COUNTED and not is_alive):
                continue
            values = found.setdefault(name, {})
            values[labels] = _together(family, values[labels], numbers) if labels in values else numbers
    return found


def _together(family: Family, some: tuple[float, ...], others: tuple[float, ...]) -> tuple[float, ...]:
    if family.merge is Merge.WORST:
        return max(some, others)
    return tuple(one + other for one, other in zip(some, others, strict=True))


def written(family: Family, values: Values) -> str:
    """Write one family with all its series."""
    samples: list[Sample] = []
    for labels, numbers in sorted(values.items()):
        named = tuple(zip(family.labels, labels, strict=True))
        if isinstance(family, Histogram):
            samples.extend(_ranges(family, named, numbers))
        else:
            samples.append((family.name, named, numbers[0]))
    return block(family.name, family.kind, family.meaning, samples)


def block(name: str, kind: str, meaning: str, samples: Iterable[Sample]) -> str:
    """Write a family's head and its lines."""
    head = f"# HELP {name} {_escaped(meaning)}\n# TYPE {name} {kind}\n"
    return head + "".join(f"{name}{_labels(labels)} {_number(number)}\n" for name, labels, number in samples)


def _ranges(family: Histogram, labels: Sequence[tuple[str, str]], numbers: Sequence[float]) -> list[Sample]:
    """Write each range with all below it, as the format wants them."""
    total, samples = 0.0, []
    for bound, count in zip((*family.bounds, float("inf")), numbers[1:], strict=True):
        total += count
        samples.append((f"{family.name}_bucket", (*labels, ("le", _number(bound))), total))
    return [*samples, (f"{family.name}_sum", labels, numbers[0]), (f"{family.name}_count", labels, total)]


def _labels(labels: Sequence[tuple[str, str]]) -> str:
    told = ",".join(f'{name}="{_escaped(value, quotes=True)}"' for name, value in labels)
    return f"{{{told}}}" if told else ""


def _escaped(text: str, *, quotes: bool = False) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(number: float) -> str:
    if number == float("inf"):
        return "+Inf"
    return str(int(number)) if number.is_integer() else repr(number)
