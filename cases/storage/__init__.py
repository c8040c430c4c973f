"""Cases in the registry's database: every change with its history and its place in the outbox, in one transaction."""

from accounts.ports import Database
from cases.storage.entries import Conflict, HistoryEntry, KeyReused, Publication, UnknownCase
from cases.storage.finding import CasePage, CaseQuery, Order
from cases.storage.store import CaseStore, CaseTransaction, Reported

__all__ = [
    "CasePage",
    "CaseQuery",
    "CaseStore",
    "CaseTransaction",
    "Conflict",
    "Database",
    "HistoryEntry",
    "KeyReused",
    "Order",
    "Publication",
    "Reported",
    "UnknownCase",
]
