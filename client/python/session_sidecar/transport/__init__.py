"""Calls to the sidecar."""
