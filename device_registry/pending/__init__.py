"""Unknown devices that reported: held, within bounds, until an operator accepts or refuses them."""
