"""Which optional fields a request carries."""

# Optional request fields whose presence varies, in the order of their presence lanes. The share
# is the default for one request of one account; cohorts and providers override it.
FILL = {
    "org_id": 0.0,
    "api_key_id": 0.9,
    "conversation_id": 0.0,
    "endpoint": 1.0,
    "status": 1.0,
    "output_tokens": 0.99,
    "reasoning_tokens": 1.0,
    "cached_tokens": 1.0,
    "max_tokens": 1.0,
    "turns": 0.95,
    "tool_calls": 1.0,
    "tools": 1.0,
    "temperature": 1.0,
    "stream": 0.95,
    "logprobs": 1.0,
    "refused": 0.97,
    "latency_ms": 0.99,
    "ip": 0.99,
    "asn": 0.6,
    "country": 0.8,
    "user_agent": 0.98,
    "tls_fingerprint": 0.85,
    "device_id": 1.0,
    "capability": 0.92,
    "elicitation": 0.9,
    "system_hash": 1.0,
    "template_hash": 0.97,
    "prompt_simhash": 0.97,
}
