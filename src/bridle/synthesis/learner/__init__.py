"""The rule learner: a refiner without a model, for tool calls. It makes no model calls and knows no environment."""
