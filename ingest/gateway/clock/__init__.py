"""The clock that passes through a gateway: the wall's, measured by nonces that come back, or the simulator's."""
