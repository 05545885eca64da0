"""Label Studio's protocol for machine-learning backends: the model's results as regions that annotators correct."""
