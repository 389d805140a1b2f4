"""The moving parts: from a message on Kafka to a decision."""
