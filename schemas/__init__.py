"""What crosses a process boundary: messages, the feature list, errors. Imports nothing of ours."""
