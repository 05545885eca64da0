"""The local page and API: a trained model that answers requests on the loopback."""
