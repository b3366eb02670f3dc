"""Activations that are learned or that choose among their inputs."""
