"""What is listed of the catalogue and of published weights, without PyTorch."""
