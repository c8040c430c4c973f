"""Devices and their newest readings as FIWARE Smart Data Models, in NGSI-LD (ETSI GS CIM 009), for a context broker."""
