"""The governor: how much may newly be blocked in an hour, whatever the evidence says."""
