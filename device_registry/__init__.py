"""The registry of record: which devices there are, what they are, and where.

Public surface:
    records.entries          DeviceEntry, StoredEntry, Details, Datum    a device with what only people and forms need of it
    records.city_tables      CityTables, load_city_tables    component classes, kinds of parents, bounds: what cities set
    records.problems         RecordProblem, InvalidRecords, VersionConflict    what the registry refuses, and why
    storage.registry         Registry                   devices, profiles and areas in one database, and who changed them
    storage.pages            Page, EntryPage
    storage.device_filter    DeviceFilter               which devices to list
    storage.migrations       upgrading.upgrade          the schema's newest version
    publication.publisher    RegistryPublisher, publish_pending, rebuild    every change to `registry.devices`
    lookup.following         FollowingLookup, LocalCopy    the registry in memory, from that topic
    bulk                     import_file, export_file   devices files
    pending.service          PendingService             unknown devices that reported
    credentials              CredentialService          what devices and services log in with at the broker
    service                  the registry as the API, the console and the commands call it
"""
