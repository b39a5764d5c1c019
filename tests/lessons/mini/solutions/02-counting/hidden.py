"""A hidden probe, which no student may ever see."""

SECRET = "xyzzy"
