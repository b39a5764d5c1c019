"""`python -m autograder.sandbox`: which levels hold on this machine, and why the others do not."""

from autograder.sandbox import Level, best_level
from autograder.sandbox.trial import weakness

for level in (Level.NAMESPACES, Level.LANDLOCK):
    problem = weakness(level)
    print(f"✗ {level.value}: {problem}" if problem else f"✓ {level.value}")
print((best_level() or Level.UNSAFE).sentence)
