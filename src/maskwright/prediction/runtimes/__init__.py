"""Networks in files that other libraries compute: ONNX Runtime and OpenVINO, with torch's interface before them."""
