"""Bundles: model and policy, swapped as one while events flow."""
