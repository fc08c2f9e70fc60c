"""What has been sent and what has come back, on disk before anything goes on."""
