"""The cells of a grid, and making them elsewhere: on other machines, and recorded here as if DVC had made them."""
