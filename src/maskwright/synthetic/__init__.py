"""Built-in data: shapes and street scenes, drawn with exact masks."""
