"""What devices and services log in with at the MQTT broker, and a broker that is kept to it.

Public surface:
    store            CredentialStore                 the credentials of record
    service          CredentialService, Provisioning    database and broker together
    provisioner      Provisioner                     keeps the broker up to date while the process runs
    broker_control   BrokerControl                   Mosquitto's dynamic security over MQTT
    credential       Credential, Issued, Sort, CredentialState
    certificates     read_certificate, NotACertificate
"""
