"""A GPT from nothing: the whole pipeline, one file per unit of the course. README.md says how to read it."""
