"""Kafka: chunks in, decisions and dead letters out, topics as the contract has them."""
