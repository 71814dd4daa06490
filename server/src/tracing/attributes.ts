/* Attributes of spans that the semantic conventions of OpenTelemetry have no name for. docs/operate/tracing.md lists all. */

export const ATTR_ERROR_REASON = 'session_sidecar.error_reason';
export const ATTR_NEAR_CACHE = 'session_sidecar.near_cache';
