"""The documentation site: pages made from the code, and the build."""
