"""The rooms of the source and the imports between them: read, drawn, and written as a page of the documentation."""
