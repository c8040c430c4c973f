"""Cases in the registry's database: every change with its history and its place in the outbox, in one transaction."""

from cases.storage.book import CaseBook, CaseTransaction, Reported
from cases.storage.entries import Conflict, Entry, KeyReused, Publication, UnknownCase
from cases.storage.finding import CasePage, CaseQuery, Order
from cases.storage.ports import Database

__all__ = [
    "CaseBook",
    "CasePage",
    "CaseQuery",
    "CaseTransaction",
    "Conflict",
    "Database",
    "Entry",
    "KeyReused",
    "Order",
    "Publication",
    "Reported",
    "UnknownCase",
]
