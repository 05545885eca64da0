"""The pictures, tables and the one self-contained page that show what a run did."""
