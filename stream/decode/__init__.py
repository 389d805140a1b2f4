"""Decode: records as Kafka keeps them become columns; raw text and addresses end here."""
