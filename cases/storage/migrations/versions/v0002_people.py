"""Empty: it made the tables of the accounts, which the first version of `accounts_schema` creates or adopts now."""

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is left to do here."""


def downgrade() -> None:
    """Nothing of the accounts is dropped from here."""
