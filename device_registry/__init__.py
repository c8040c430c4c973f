"""The registry of record: which devices there are, what they are, and where.

Public surface:
    registry      Registry, Page, EntryPage             devices, profiles and areas in one database, and who changed them
    entries       Entry, StoredEntry, Details, Datum    a device with what only people and forms need of it
    device_filter DeviceFilter                          which devices to list
    city_tables   CityTables, load_city_tables          component classes, kinds of parents, bounds: what cities set
    problems      Problem, InvalidRecords, VersionConflict    what the registry refuses, and why
    csv_files     import_csv, export_csv, ImportReport
    publication   RegistryPublisher, publish_pending, rebuild    every change to `registry.devices`, and the proof of it
    lookup        FollowingLookup, LocalCopy            domain.devices.IdentityLookup from that topic
    migrations    upgrade                               the schema's newest version
"""
