"""Work spread over processes of this machine or of a Ray cluster."""
