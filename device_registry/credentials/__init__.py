"""What devices and services log in with at the MQTT broker, and a broker that is kept to it.

Public surface:
    book         CredentialBook                          the credentials of record
    desk         CredentialDesk, Provisioning            book and broker together
    provisioner  Provisioner                             the service that keeps the broker up to date
    control      BrokerControl                           Mosquitto's dynamic security over MQTT
    credential   Credential, Issued, Sort, CredentialState
    certificates read_certificate, NotACertificate
"""
