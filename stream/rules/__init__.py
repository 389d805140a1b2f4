"""Rules: what people know, as named SQL conditions over the features, beside the model."""
