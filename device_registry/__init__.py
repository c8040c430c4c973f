"""The registry of record: which devices there are, what they are, and where.

Public surface:
    registry      Registry, Page                        devices, profiles and areas in one database
    stored_devices DeviceFilter                         which devices to list
    problems      Problem, InvalidRecords               what the registry refuses, and why
    csv_files     import_csv, export_csv, ImportReport
    publication   RegistryPublisher, publish_pending, rebuild    every change to `registry.devices`
    lookup        FollowingLookup                       domain.devices.DeviceLookup from that topic
    migrations    upgrade                               the schema's newest version
"""
