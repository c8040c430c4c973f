"""What the registry holds: devices with their details, profiles and areas, and what each must be."""
