"""What people order over HTTP: campaigns, overrides, the kill switch."""
