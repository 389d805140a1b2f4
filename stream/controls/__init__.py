"""Controls: what people order, and how it holds against whatever the evidence says."""
