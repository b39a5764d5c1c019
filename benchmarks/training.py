"""How long until a GPT knows Shakespeare's letters as well as nanoGPT's? Its recipe and `fast`, in turns, in one run.

    python -m benchmarks.training [TEXT] [--threads 1] [--seeds 5] [--json]
    python -m benchmarks.training --ablation [--seeds 2]    # what each part of `fast` is worth

TEXT is Tiny Shakespeare, 65 characters; the first 90 % are for training, the rest for validation, as nanoGPT does.
The goal is a validation loss of 1.88 nats per character, which nanoGPT reports for the smaller of its two models. It
is measured in the same way for both: on all of the validation text, in blocks of 64 characters that do not overlap.
(nanoGPT's own figure is an estimate from blocks at random places.) Only training is timed, not measuring. Both go
through the same loop with the same number of threads, and draw their batches in the same way.

nanoGPT's time ends at the first measurement that finds 1.88, one every 100 steps; if none does, at the end of its 2,000
steps. `fast` has no such choice: with every seed it makes all the steps its recipe says, is measured once, and has to
have reached 1.88; the median of their times counts. They take turns, so that a busy machine is busy for both.
"""

import json
import math
import statistics
import sys
import time
from argparse import ArgumentParser
from pathlib import Path

import torch

from benchmarks.nanogpt_peer import nanogpt_recipe
from reference.data import get_batch, sliding_windows
from reference.fast import fast_recipe
from reference.gpt import count_parameters
from reference.recipes import Recipe
from reference.training import estimate_loss

SHAKESPEARE = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "tinyshakespeare.txt"
GOAL = 1.88
MEASURE_EVERY = 100


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", nargs="?", type=Path, default=SHAKESPEARE, help="Tiny Shakespeare, if it is elsewhere")
    parser.add_argument("--threads", type=int, default=1, help="of either side [1]: take no more than there are idle")
    parser.add_argument("--seeds", type=int, help="how many trainings of `fast` [5; with --ablation 2 of each kind]")
    parser.add_argument("--ablation", action="store_true", help="leave out one part after the other")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    if not args.text.is_file():
        parser.error(f"there is no {args.text}: name the file with Tiny Shakespeare, 1,115,394 characters")
    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    text = Text(args.text.read_text(encoding="utf-8"))
    if args.ablation:
        from benchmarks.ablation import ablate, table

        rows = ablate(text, args.seeds or 2)
        print(json.dumps(rows) if args.json else table(rows))
        return
    result = compare(text, nanogpt_recipe(), fast_recipe(), args.seeds or 5)
    print(json.dumps(result) if args.json else "\n".join(f"{name:20} {value}" for name, value in result.items()))
    if result["fast_worst_loss"] > GOAL:
        sys.exit(f"a seed of `fast` ended above {GOAL}: its time does not count")


class Text:
    """A text as ids of its characters, cut in two."""

    def __init__(self, text: str) -> None:
        index = {char: i for i, char in enumerate(sorted(set(text)))}
        ids = torch.tensor([index[char] for char in text])
        self.vocab_size, num_train = len(index), int(0.9 * len(ids))
        self.train, self.val = ids[:num_train], ids[num_train:]

    def val_loss(self, model: torch.nn.Module, T: int = 64) -> float:
        """Of the whole validation text, in blocks of T characters side by side."""
        x, y = sliding_windows(self.val, T, stride=T)
        return estimate_loss(model, zip(x.split(128), y.split(128), strict=True))


class Training:
    """A model on its way, and the time that its steps have taken: by the clock, and of all processors together."""

    def __init__(self, recipe: Recipe, text: Text, seed: int) -> None:
        self.recipe, self.text = recipe, text
        self.generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        self.model = recipe.build(recipe.config(text.vocab_size), self.generator)
        self.optimizers = recipe.optimizers(self.model, recipe)
        self.groups = [group for optimizer in self.optimizers for group in optimizer.param_groups]
        self.peaks = [group["lr"] for group in self.groups]
        self.it, self.seconds, self.cpu_seconds = 0, 0.0, 0.0

    def advance(self, steps: int) -> "Training":
        """Make so many steps."""
        began, cpu_began = time.perf_counter(), time.process_time()
        for _ in range(steps):
            self._step()
        self.seconds += time.perf_counter() - began
        self.cpu_seconds += time.process_time() - cpu_began
        return self

    def _step(self) -> None:
        recipe, factor = self.recipe, self.recipe.schedule(self.it, self.recipe)
        for group, peak in zip(self.groups, self.peaks, strict=True):
            group["lr"] = factor * peak
        x, y = get_batch(self.text.train, recipe.batch_size, recipe.block_size, self.generator)
        self.model.zero_grad()
        recipe.loss(self.model(x), y).backward()
        if recipe.clip:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), recipe.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        self.it += 1

    def val_loss(self) -> float:
        return self.text.val_loss(self.model)


def compare(text: Text, peer_recipe: Recipe, recipe: Recipe, num_seeds: int) -> dict[str, float | str]:
    """Train nanoGPT's model once and ours with every seed, in turns; say how they compare."""
    peer, peer_loss = Training(peer_recipe, text, seed=0), math.inf
    ours, losses = [], []
    for seed in range(num_seeds):
        ours.append(Training(recipe, text, seed).advance(recipe.steps))
        losses.append(ours[-1].val_loss())
        say(f"fast, seed {seed}, step {recipe.steps}: {ours[-1].seconds:.2f} s, validation loss {losses[-1]:.4f}")
        while peer.it < peer_recipe.steps * (seed + 1) // num_seeds and peer_loss > GOAL:
            peer_loss = peer.advance(min(MEASURE_EVERY, peer_recipe.steps - peer.it)).val_loss()
            say(f"nanoGPT, step {peer.it}: {peer.seconds:.1f} s, validation loss {peer_loss:.4f}")
    seconds = statistics.median(training.seconds for training in ours)
    cpu_seconds = statistics.median(training.cpu_seconds for training in ours)
    return {
        "ratio": round(peer.seconds / seconds, 1),
        "share_of_time": round(seconds / peer.seconds, 4),
        "goal": GOAL,
        "fast_s": round(seconds, 2),
        "fast_slowest_s": round(max(training.seconds for training in ours), 2),
        "fast_steps": recipe.steps,
        "fast_mean_loss": round(statistics.mean(losses), 4),
        "fast_worst_loss": round(max(losses), 4),
        "fast_seeds_at_goal": f"{sum(loss <= GOAL for loss in losses)} of {num_seeds}",
        "fast_parameters": count_parameters(ours[0].model),
        "nanogpt_s": round(peer.seconds, 1),
        "nanogpt_steps": peer.it,
        "nanogpt_loss": round(peer_loss, 4),
        "nanogpt_parameters": count_parameters(peer.model),
        "ratio_of_cpu_time": round(peer.cpu_seconds / cpu_seconds, 1),
        "threads": torch.get_num_threads(),
    }


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
