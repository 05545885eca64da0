"""Built-in data: drawn shapes and street scenes with exact masks."""
