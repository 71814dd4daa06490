"""Sessions in the application's memory. docs/decisions/0039-client-cache.md says why no outdated session is opened."""
