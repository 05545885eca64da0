"""What a new run starts with beyond its recipe: options of the model that follow from its weights."""
