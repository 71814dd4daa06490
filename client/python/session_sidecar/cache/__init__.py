"""Sessions in the application's memory. docs/decisions/0039-client-cache.md says why nothing outdated is opened."""
