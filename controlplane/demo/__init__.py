"""A living, clearly synthetic world to try the product on."""
