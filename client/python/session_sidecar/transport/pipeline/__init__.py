"""Carries all calls over one stream: SessionService.Pipeline."""
