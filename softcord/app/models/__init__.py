"""Find trained models by what a person calls them."""
