"""The demo on one machine: broker, store, worker, traffic, and the story they tell."""
