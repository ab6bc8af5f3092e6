"""The custom resource definitions, generated from the models: `python -m marianne_operator.crd` writes them."""
