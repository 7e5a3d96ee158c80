"""The attention maps of a run's examples, drawn into docs/figures/attention.svg.

    unrolled fit -c english_french && unrolled test runs/english_french
    python benchmarks/attention_map.py [runs/english_french]

Prints how close each map is to its diagonal: the correlation between the position of an output token and the mean
position of its attention, 1 where the order of both languages is the same.  Takes seconds.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from experiment import axes, save
from unrolled.reports.loading.run import read_run
from unrolled.reports.records import Example

SHOWN = 3  # maps side by side: the longest sentences


def diagonal(example: Example) -> float:
    """Correlation of output positions and mean attended positions, without the end; nan if all are equal."""
    weights = np.array(example.attention[: len(example.translation)])
    looked = weights @ np.arange(weights.shape[1])
    return float(np.corrcoef(np.arange(len(looked)), looked)[0, 1])


def draw(plot: Any, example: Example) -> None:
    plot.imshow(np.array(example.attention), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    plot.set_xticks(range(len(example.source)), example.source, rotation=45, ha="left")
    plot.xaxis.tick_top()
    output = [*example.translation, "(end)"][: len(example.attention)]
    plot.set_yticks(range(len(output)), output)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("run", nargs="?", type=Path, default=Path("runs/english_french"))
    folder = arguments.parse_args().run
    results = read_run(folder).results
    examples = [one for one in (results.examples if results else ()) if one.attention]
    if not examples:
        raise SystemExit(f"{folder}: expected a tested run of Translation with attention; run: unrolled test {folder}")
    for one in examples:
        print(f"{diagonal(one):6.3f}  {' '.join(one.source)} -> {' '.join(one.translation)}")
    longest = sorted(examples, key=lambda one: -len(one.translation))[:SHOWN]
    figure, plots = axes(len(longest), size=(11, 3.6))
    for plot, example in zip(np.atleast_1d(plots), longest, strict=True):
        draw(plot, example)
    save(figure, "attention")


if __name__ == "__main__":
    main()
