"""The public probes, a module for each unit."""
