"""How fast is the incremental training of a tokenizer? Beside the naive one, and beside Hugging Face's `tokenizers`.

    python -m benchmarks.bpe [TEXT] [--merges 1000] [--json]

All three go the whole way from the text to the merges, cut by the same pattern, without special tokens. Ours and the
naive one are measured in CPU time, the least of three. The naive one, which counts everything again after each merge,
runs for its first 50 merges only, and the rest is reckoned from them. That is a little too much: words get shorter, and
on tinyshakespeare the thousandth merge costs it about four fifths of the first.

`tokenizers` (Rust) runs with one thread, in CPU time, and with all, by the clock. How much of it is merging, and not
cutting the text, a training with no merges tells. It differs in what it does with ties: of equally frequent pairs it
merges the one whose tokens it knew first, we the greatest. So not all merges are the same.
"""

import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from autograder.errors import UsageError
from autograder.stories import stories
from autograder.texts import read_text
from reference.bpe import train_bpe
from reference.encoding import train_bpe_incremental
from reference.tokenizer import GPT2_PATTERN

SHAKESPEARE = Path(__file__).resolve().parents[2] / "shared" / "corpora" / "tinyshakespeare.txt"
NAIVE_MERGES = 50
REPEATS = 3


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", nargs="?", type=Path, help="a text in UTF-8; else tinyshakespeare, else our stories")
    parser.add_argument("--merges", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    path = args.text or (SHAKESPEARE if SHAKESPEARE.is_file() else None)
    try:
        text = read_text(path) if path else stories(1_000_000)
    except UsageError as error:
        parser.error(str(error))
    result = {"text": path.name if path else "the course's stories"} | measure(text, args.merges)
    print(json.dumps(result) if args.json else told(result))


def measure(text: str, num_merges: int, naive_merges: int = NAIVE_MERGES, repeats: int = REPEATS) -> dict[str, Any]:
    """Train in all three ways, and say how they compare.

    Raises:
        SystemExit: there was nothing to merge, or the incremental training has merged otherwise than the naive one.
    """
    say(f"ours: {num_merges} merges")
    cut_s, _ = least(repeats, lambda: train_bpe_incremental(text, 256))
    ours_s, (_, ours) = least(repeats, lambda: train_bpe_incremental(text, 256 + num_merges))
    if not ours:
        raise SystemExit("this text has no pair to merge")
    naive_merges = min(naive_merges, len(ours))
    say(f"naive: {naive_merges} merges")
    start_s, _ = least(repeats, lambda: train_bpe(text, 256))
    naive_s, (_, naive) = least(repeats, lambda: train_bpe(text, 256 + naive_merges))
    if ours[: len(naive)] != naive:
        raise SystemExit("the incremental training has learned other merges than the naive one")
    per_merge = (naive_s - start_s) / naive_merges
    whole_s = start_s + per_merge * len(ours)
    return {
        "merges": len(ours),
        "ours_s": round(ours_s, 3),
        "naive_measured_on": naive_merges,
        "naive_per_merge_s": round(per_merge, 5),
        "naive_scaled_s": round(whole_s, 1),
        "ratio": round(whole_s / ours_s, 1),
        **beside_rust(text, ours, ours_s, cut_s, repeats),
    }


def least(repeats: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """The least CPU time of several runs, in seconds, and what the last of them returned."""
    seconds = []
    for _ in range(repeats):
        started = time.process_time()
        result = run()
        seconds.append(time.process_time() - started)
    return min(seconds), result


def beside_rust(text: str, ours: list, ours_s: float, cut_s: float, repeats: int) -> dict[str, Any]:
    """The same training by `tokenizers`; `cut_s` is the time that ours needs without any merge."""
    if find_spec("tokenizers") is None:
        say("tokenizers is not installed; it comes with the extra `test`")
        return {"rust_ratio": None}
    say("tokenizers: one thread, then all")
    num_threads = os.cpu_count() or 1
    rust_cut_s, _, _ = in_its_own_process(text, 0, 1, repeats)
    rust_s, _, theirs = in_its_own_process(text, len(ours), 1, repeats)
    _, all_threads_s, _ = in_its_own_process(text, len(ours), num_threads, repeats)
    return {
        "rust_s": round(rust_s, 3),
        "rust_threads": num_threads,
        "rust_all_threads_s": round(all_threads_s, 3),
        "rust_ratio": round(ours_s / rust_s, 1),
        "rust_merging_ratio": round((ours_s - cut_s) / (rust_s - rust_cut_s), 1),
        "same_tokens": len({left + right for left, right in ours} & {left + right for left, right in theirs}),
    }


def in_its_own_process(text: str, num_merges: int, threads: int, repeats: int) -> tuple[float, float, list]:
    """`train_in_rust` with so many threads; a process reads their number once."""
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(train_in_rust, text, num_merges, repeats).result()


def train_in_rust(text: str, num_merges: int, repeats: int) -> tuple[float, float, list[tuple[bytes, bytes]]]:
    """The least CPU time, the least time by the clock, and the merges."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

    cut = pre_tokenizers.Split(Regex(GPT2_PATTERN), behavior="isolated")
    as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=256 + num_merges, min_frequency=0, initial_alphabet=alphabet, show_progress=False
    )

    def train() -> Tokenizer:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, as_bytes])
        started = time.perf_counter()
        tokenizer.train_from_iterator([text], trainer)
        by_the_clock.append(time.perf_counter() - started)
        return tokenizer

    by_the_clock: list[float] = []
    cpu_s, tokenizer = least(repeats, train)
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return cpu_s, min(by_the_clock), [(spelled(left), spelled(right)) for left, right in merges]


def spelled(letters: str) -> bytes:
    """The bytes that GPT-2's alphabet of visible characters stands for."""
    visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in visible]
    return bytes(others[ord(letter) - 256] if ord(letter) > 255 else ord(letter) for letter in letters)


def told(result: dict[str, Any]) -> str:
    """The result in sentences."""
    lines = [
        f"{result['merges']} merges on {result['text']}, in seconds",
        f"{result['ours_s']:8.3f}  ours, incremental: {result['ratio']:g} times as fast as the naive one",
        f"{result['naive_scaled_s']:8.1f}  naive, scaled from its first {result['naive_measured_on']} merges "
        f"({1000 * result['naive_per_merge_s']:.1f} ms each, later ones a little less; the same merges as ours)",
    ]
    if result["rust_ratio"] is not None:
        lines += [
            f"{result['rust_s']:8.3f}  tokenizers (Rust), one thread: {result['rust_ratio']:g} times as fast as ours, "
            f"in the merging alone {result['rust_merging_ratio']:g} times",
            f"{result['rust_all_threads_s']:8.3f}  tokenizers (Rust), {result['rust_threads']} threads, by the clock",
            f"{result['same_tokens']:8}  of our tokens are also theirs; the two decide ties differently",
        ]
    return "\n".join(lines)


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
