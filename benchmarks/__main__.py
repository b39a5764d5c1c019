"""Run every benchmark, one after another: `python -m benchmarks`."""

import subprocess
import sys

for name in ("check", "grading"):
    print(f"\n{name}", flush=True)
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
