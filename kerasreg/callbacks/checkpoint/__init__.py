"""Files of the model as it was at its best."""
