"""Feature rows to calibrated scores and reasons. Knows neither Kafka nor Redis."""
