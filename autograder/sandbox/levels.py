"""How strong a confinement is, from the strongest down, each with the sentence that a report prints."""

import enum


class Level(enum.Enum):
    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    UNSAFE = "unsafe"

    @property
    def sentence(self) -> str:
        """What is in force, and how to get more."""
        return SENTENCES[self]


SENTENCES = {
    Level.NAMESPACES: (
        "Submissions run confined by bubblewrap, fresh namespaces, Landlock where the kernel has it, a system call "
        "filter and limits: the strongest level there is."
    ),
    Level.LANDLOCK: (
        "Submissions run confined by Landlock, a system call filter and limits, without namespaces: they cannot read, "
        "write or connect, but can guess which paths exist. For the stronger level install bubblewrap and allow user "
        "namespaces."
    ),
    Level.UNSAFE: (
        "Submissions run WITHOUT confinement, with limits only: they can read and change whatever you can. "
        "For confinement use Linux 5.13 or newer, and install bubblewrap."
    ),
}
