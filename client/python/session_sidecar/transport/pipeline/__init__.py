"""All calls over one stream: SessionService.Pipeline."""
