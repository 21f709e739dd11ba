"""The two pictures of `make evaluate`: how far a confidence can be trusted, and what is taken for what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from onward.core.model import LABELS, Label
from onward_classifiers.evaluate import BINS, Bin, Share, calibration_error

BLUE = "#2f6db3"


def draw_reliability(name: str, found: Sequence[Bin], path: Path) -> None:
    """Confidence against share right, with how many mails each point stands for."""
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(
        2, 1, figsize=(6.4, 7.6), height_ratios=(3, 1), sharex=True, layout="constrained"
    )
    filled = [one for one in found if one.n]
    total = sum(one.n for one in found)
    shares = [Share(round(one.right * one.n), one.n) for one in filled]
    errors = [
        [share.value - share.interval[0] for share in shares],
        [share.interval[1] - share.value for share in shares],
    ]
    above.plot([0, 1], [0, 1], color="0.6", linestyle="--", linewidth=1, label="as sure as right")
    above.errorbar(
        [one.confidence for one in filled],
        [one.right for one in filled],
        yerr=errors,
        color=BLUE,
        fmt="o",
        markersize=6,
        elinewidth=1,
        capsize=2.5,
        label="measured, with 95 % interval",
    )
    above.set(xlim=(0, 1.02), ylim=(0, 1.03), ylabel="share of labels that are right")
    above.legend(loc="upper left", frameon=False)
    above.set_title(
        f"Can a confidence be trusted?\n{name}, {total} mails, calibration error {calibration_error(found):.3f}",
        fontsize=11,
        loc="left",
    )
    places = [(number + 0.5) / BINS for number in range(BINS)]
    bars = below.bar(places, [one.n for one in found], width=0.9 / BINS, color=BLUE, alpha=0.75)
    below.bar_label(bars, [str(one.n) if one.n else "" for one in found], fontsize=8, padding=2)
    below.set(ylabel="mails", xlabel="confidence of the most likely label")
    below.margins(y=0.18)
    for axes in (above, below):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="0.92")
        axes.set_axisbelow(True)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def draw_confusion(name: str, truth: Sequence[Label], guesses: Sequence[Label], path: Path) -> None:
    """What is read as what, in per cent of what it is."""
    from matplotlib import pyplot

    counts = Counter(zip(truth, guesses, strict=True))
    held = Counter(truth)
    shares = [[counts[t, g] / held[t] if held[t] else 0.0 for g in LABELS] for t in LABELS]
    names = [label.value.replace("_", " ") for label in LABELS]
    figure, axes = pyplot.subplots(figsize=(8.6, 7.8), layout="constrained")
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for down, label in enumerate(LABELS):
        for across, guess in enumerate(LABELS):
            if not counts[label, guess]:
                continue
            share = shares[down][across]
            text = "<1" if share < 0.01 else ">99" if 0.99 < share < 1 else f"{share * 100:.0f}"
            axes.text(
                across, down, text, ha="center", va="center", fontsize=10, color="white" if share > 0.55 else "0.15"
            )
    places = range(len(LABELS))
    axes.set_xticks(places, names, rotation=40, ha="left", rotation_mode="anchor")
    axes.set_yticks(places, [f"{text}  ({held[label]})" for text, label in zip(names, LABELS, strict=True)])
    axes.xaxis.tick_top()
    axes.set_xticks([place - 0.5 for place in places], minor=True)
    axes.set_yticks([place - 0.5 for place in places], minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("what it is (how many)")
    axes.set_xlabel(f"{name}, {len(truth)} mails; per cent of each row; an empty cell is none", labelpad=10)
    axes.set_title("read as", fontsize=10)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
