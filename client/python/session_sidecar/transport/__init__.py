"""Makes calls to the sidecar."""
